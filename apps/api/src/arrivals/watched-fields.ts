import { TOTALS } from '../figures/index.ts';
import { decodeHead, escapeKey, escapeMeasurement, type KnownSeries } from '../line-protocol/index.ts';
import type { WatchedField } from './watched-field-store.ts';

type Watched = WatchedField & { id: number };

/** What of a series is watched. */
export interface WatchedSeries {
  /** Whether there is anything of it. */
  presence: number[];
  /** By the field's name, still escaped. */
  fields: Map<string, number[]>;
}

interface Found {
  version: number;
  ownerId: number | null;
  own?: Watched[];
  all?: Watched[];
  watched: WatchedSeries | undefined;
}

/** Of one measurement. */
type ByMeasurement = Map<string, Watched[]>;
const NOTHING: ByMeasurement = new Map();

/** Finds what of a report is watched. A series is looked at once, until what is watched of its measurement changes. */
export class WatchedFields {
  #byOwner = new Map<number | null, ByMeasurement>();
  #version = 0;

  /** @param list all that is watched now */
  replace(list: Watched[]): void {
    const former = this.#byOwner;
    this.#version++;
    this.#byOwner = new Map();
    for (const [ownerId, some] of Map.groupBy(list, (one) => one.ownerId)) {
      const of = Map.groupBy(some, ({ measurement }) => escapeMeasurement(measurement));
      for (const [measurement, watched] of of) {
        const before = former.get(ownerId)?.get(measurement);
        if (before && isSame(before, watched)) of.set(measurement, before);
      }
      this.#byOwner.set(ownerId, of);
    }
  }

  get isEmpty(): boolean {
    return this.#byOwner.size === 0;
  }

  /** @param ownerId the robot's */
  of(ownerId: number | null, series: KnownSeries): WatchedSeries | undefined {
    const known = series.watched as Found | undefined;
    if (known && known.version === this.#version && known.ownerId === ownerId) return known.watched;
    const { measurement } = series;
    const own = ownerId === null ? undefined : (this.#byOwner.get(ownerId) ?? NOTHING).get(measurement);
    const all = (this.#byOwner.get(null) ?? NOTHING).get(measurement);
    const isSame = known && known.own === own && known.all === all;
    const watched = isSame
      ? known.watched
      : own || all
        ? watchedOf(series, [...(own ?? []), ...(all ?? [])])
        : undefined;
    series.watched = { ...{ version: this.#version, ownerId, own, all }, watched } satisfies Found;
    return watched;
  }
}

const isSame = (some: Watched[], others: Watched[]) =>
  some.length === others.length && some.every(({ id }, i) => id === others[i]?.id);

function watchedOf(series: KnownSeries, candidates: Watched[]): WatchedSeries | undefined {
  const { measurement, tags } = decodeHead(series.head);
  const total = TOTALS[measurement];
  const all: Record<string, string> = total ? { [total.tag]: total.value, ...tags } : tags;
  const watched: WatchedSeries = { presence: [], fields: new Map() };
  for (const one of candidates) {
    if (!Object.entries(one.tags).every(([tag, value]) => Object.hasOwn(all, tag) && all[tag] === value)) continue;
    if (one.field === null) watched.presence.push(one.id);
    else {
      const name = escapeKey(one.field);
      watched.fields.set(name, [...(watched.fields.get(name) ?? []), one.id]);
    }
  }
  return watched.presence.length + watched.fields.size > 0 ? watched : undefined;
}
