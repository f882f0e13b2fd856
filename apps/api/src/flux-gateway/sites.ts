import { OWN_PREFIX } from './allowed.ts';
import type { DaysAsked } from './days-asked.ts';

/** A read in a query, by the name of the function that the gateway gives it. */
export interface Site {
  name: string;
  /** Ids that the query itself asks for at this place: reading these of the caller's robots is enough. */
  robots: number[] | undefined;
}

export interface SitesOfQuery {
  /** `from(…) |> range(…)`, each with the filters behind it. */
  reads: Site[];
  /** Calls of a stand-in for a package, with a predicate for certain robots. */
  schemas: Site[];
  /** Name of the function for `… |> range(…)` on rows that were read before, if there are any such. */
  late: string | undefined;
  days: { name: string; asked: DaysAsked }[];
  /** Names that the gateway replaces or adds, as far as the query refers to them by name. */
  names: string[];
  /** `range` or a stand-in is used otherwise, so that it must know all of the caller's robots. */
  needsAll: { range: boolean; standIn: boolean };
}

const LATE = `${OWN_PREFIX}range_of_rows`;

/** @returns the ids that all reads of a query ask for together; undefined when one of them asks for no certain robots */
export function askedByAll({ reads, schemas, needsAll }: SitesOfQuery): number[] | undefined {
  const sites = [...reads, ...schemas].map(({ robots }) => robots);
  if (needsAll.range || needsAll.standIn || sites.includes(undefined)) return undefined;
  return [...new Set(sites.flatMap((robots) => robots ?? []))];
}

/** Collects where a query reads. The same robots share a function. */
export class Sites {
  #reads = new Map<string, Site>();
  #schemas = new Map<string, Site>();
  #days: SitesOfQuery['days'] = [];
  #late = false;
  #names = new Set<string>();
  #needsAll = { range: false, standIn: false };

  read = (robots: number[] | undefined) => named(this.#reads, `${OWN_PREFIX}range_`, robots);
  schema = (robots: number[]) => named(this.#schemas, `${OWN_PREFIX}schema_`, robots);

  late(): string {
    this.#late = true;
    return LATE;
  }

  days(asked: DaysAsked): string {
    const name = `${OWN_PREFIX}days_${this.#days.length}`;
    this.#days.push({ name, asked });
    return name;
  }

  useRange(): void {
    this.#needsAll.range = true;
  }

  useStandIn(): void {
    this.#needsAll.standIn = true;
  }

  useName(name: string): void {
    this.#names.add(name);
  }

  result(): SitesOfQuery {
    return {
      reads: [...this.#reads.values()],
      schemas: [...this.#schemas.values()],
      late: this.#late ? LATE : undefined,
      days: this.#days,
      names: [...this.#names],
      needsAll: this.#needsAll,
    };
  }
}

function named(sites: Map<string, Site>, prefix: string, robots: number[] | undefined): string {
  const key = robots?.join() ?? 'all';
  const site = sites.get(key) ?? { name: `${prefix}${sites.size}`, robots };
  sites.set(key, site);
  return site.name;
}
