import { LRUCache } from 'lru-cache';
import { upTo } from '../caches/up-to.ts';
import type { FieldType } from '../figures/index.ts';
import type { RobotIdentity } from './identity.ts';
import { bad, type Refusal } from './refusal.ts';

/** Counter of lines read, used to detect idle series and fields given twice in one line. */
let lines = 0;
export const nextLine = () => ++lines;
export const currentLine = () => lines;

export interface KnownField {
  /** Still escaped as in line protocol, one character per byte; so is `measurement`. */
  name: string;
  measurement: string;
  type: FieldType;
  /** Whether the catalog has it; until then, the first value determines its type. */
  settled: boolean;
  /** Why the catalog refused it. */
  refusal: Refusal | undefined;
  /** The last line that had it. */
  seenAt: number;
}

/** A series of one robot: measurement and tags. Names are still escaped as in line protocol, one character per byte. */
export interface KnownSeries {
  /** Its row in metric_series; 0 until the catalog has it. */
  id: number;
  /** Measurement and all tags, including the identity tags, sorted. */
  head: string;
  measurement: string;
  isLog: boolean;
  /** The last line that had it. */
  seenAt: number;
  /** Shared by all series of the measurement. */
  fields: Map<string, KnownField>;
  /** Its fields in the order of its last line, which the next line most likely repeats. */
  layout: KnownField[];
  /** Measurement and tags as its last line spelled them. */
  key: string;
  /** The series of the line that followed its last line. */
  next: KnownSeries | undefined;
  /** What is watched of it, kept by whoever watches: looking that up elsewhere takes longer than reading a line. */
  watched: unknown;
}

export interface CatalogLimits {
  maxSeries: number;
  maxFields: number;
}

/**
 * The robots of a fleet have the same keys and field names. Interning them keeps the strings in the CPU cache, which
 * dominates the cost of comparing them.
 */
const strings = new LRUCache<string, string>(upTo(100_000));
function shared(text: string): string {
  const known = strings.get(text);
  if (known !== undefined) return known;
  strings.set(text, text);
  return text;
}

/** Limits the keys kept, since one series may be spelled in many ways (order of tags, client's own identity tags). */
const MAX_KEYS = 20_000;
const UNLIMITED = { maxSeries: Number.POSITIVE_INFINITY, maxFields: Number.POSITIVE_INFINITY };

/**
 * The series and fields of a robot, both those in the catalog and those waiting to be admitted, so that a line of the
 * usual shape costs one look-up. A new series or field costs extra only once, however many lines have it.
 */
export class RobotShape {
  /** The robot's identity when its series were stamped. */
  readonly robot: RobotIdentity;
  /** `,key=value` pairs of the robot's identity, escaped, by key. */
  readonly identity: ReadonlyMap<string, string>;
  readonly #limits: CatalogLimits;
  readonly #byKey = new Map<string, KnownSeries>();
  readonly #byHead = new Map<string, KnownSeries>();
  readonly #fields = new Map<string, Map<string, KnownField>>();
  #fieldCount = 0;

  constructor(robot: RobotIdentity, identity: ReadonlyMap<string, string>, limits: CatalogLimits = UNLIMITED) {
    this.robot = robot;
    this.identity = identity;
    this.#limits = limits;
  }

  /** The series that the next body most likely begins with. */
  first: KnownSeries | undefined;

  /** @param key measurement and tags as the client sent them */
  find(key: string): KnownSeries | undefined {
    const series = this.#byKey.get(key);
    if (series && series.key !== key) series.key = shared(key);
    return series;
  }

  /** Finds a series by its stamped head, and remembers the key it was sent under. */
  findHead(head: string, key: string): KnownSeries | undefined {
    const series = this.#byHead.get(head);
    if (series && this.#byKey.size < MAX_KEYS) this.#byKey.set(key, series);
    return series;
  }

  field(measurement: string, name: string): KnownField | undefined {
    return this.#fields.get(measurement)?.get(name);
  }

  /** Checks that the robot may add this many series and fields. @throws BadLine */
  checkRoom(newSeries: number, newFields: string[]): void {
    const { maxSeries, maxFields } = this.#limits;
    if (this.#byHead.size + newSeries > maxSeries)
      throw bad(`more than ${maxSeries} series: avoid tags whose values keep changing`, 'limit');
    const tooMany = newFields[maxFields - this.#fieldCount];
    if (this.#fieldCount + newFields.length > maxFields)
      throw bad(`more than ${maxFields} fields: "${tooMany}" exceeds the limit`, 'limit');
  }

  addField(measurement: string, name: string, type: FieldType, settled: boolean): KnownField {
    const fields = this.#fieldsOf(measurement);
    if (!fields.has(name)) this.#fieldCount++;
    const field: KnownField = {
      ...{ name: shared(name), measurement: shared(measurement), type, settled },
      ...{ refusal: undefined, seenAt: currentLine() },
    };
    fields.set(name, field);
    return field;
  }

  addSeries(head: string, measurement: string, id: number): KnownSeries {
    const series: KnownSeries = {
      ...{ id, head, measurement: shared(measurement), isLog: measurement === 'syslog', seenAt: currentLine() },
      ...{ fields: this.#fieldsOf(measurement), layout: [], key: head, next: undefined, watched: undefined },
    };
    this.#byHead.set(head, series);
    return series;
  }

  /** @returns the row ids of the series and the fields used since `line`, and whether there are idle ones */
  usedSince(line: number) {
    const all = [...this.#byHead.values()];
    const series = all.filter(({ id, seenAt }) => id > 0 && seenAt > line).map(({ id }) => id);
    const known = [...this.#fields.values()].flatMap((fields) => [...fields.values()]);
    const fields = known.filter((field) => field.settled && field.seenAt > line);
    return { series, fields, hasIdle: series.length < all.length || fields.length < known.length };
  }

  #fieldsOf(measurement: string): Map<string, KnownField> {
    const fields = this.#fields.get(measurement) ?? new Map<string, KnownField>();
    this.#fields.set(measurement, fields);
    return fields;
  }
}
