import { LRUCache } from 'lru-cache';
import type { FieldType } from '../figures/index.ts';
import type { RobotIdentity } from './identity.ts';
import { bad, type Refusal } from './refusal.ts';

/** Lines are counted, so that what has gone out of use, or stands twice in one line, can be told. */
let lines = 0;
export const nextLine = () => ++lines;
export const currentLine = () => lines;

export interface KnownField {
  /** As in line protocol, still escaped, one character a byte; so is `measurement`. */
  name: string;
  measurement: string;
  type: FieldType;
  /** Whether the catalog has it; until then its type is that of its first value. */
  settled: boolean;
  /** Why the catalog did not take it. */
  refusal: Refusal | undefined;
  /** The line that had it last. */
  seenAt: number;
}

/** A series of one robot: measurement and tags. Names are as in line protocol, still escaped, one character a byte. */
export interface KnownSeries {
  /** Its row in metric_series; 0 until the catalog has it. */
  id: number;
  /** Measurement and all tags, ours included, sorted. */
  head: string;
  measurement: string;
  isLog: boolean;
  /** The line that had it last. */
  seenAt: number;
  /** Shared by all series of the measurement. */
  fields: Map<string, KnownField>;
  /** Its fields in the order of its last line: the next line most likely has the same. */
  layout: KnownField[];
  /** Measurement and tags as its last line had them. */
  key: string;
  /** Whose line came after its last one. */
  next: KnownSeries | undefined;
}

export interface CatalogLimits {
  maxSeries: number;
  maxFields: number;
}

/**
 * Robots of a fleet have the same keys and field names: one string of each for all of them stays in the processor's cache,
 * which is what comparing them costs.
 */
const strings = new LRUCache<string, string>({ max: 100_000 });
function shared(text: string): string {
  const known = strings.get(text);
  if (known !== undefined) return known;
  strings.set(text, text);
  return text;
}

/** Keys in other spellings (order of tags, identity tags of the client's own) count beside the series themselves. */
const MAX_KEYS = 20_000;
const UNLIMITED = { maxSeries: Number.POSITIVE_INFINITY, maxFields: Number.POSITIVE_INFINITY };

/**
 * The series and fields of a robot, so that a line of the usual shape costs one look-up: those that the catalog has, and
 * those that came just now and wait for it. What is new costs once, however many lines have it.
 */
export class RobotShape {
  /** Whose shape it is, as it was named when its series were stamped. */
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

  /** The series a body begins with, most likely. */
  first: KnownSeries | undefined;

  /** @param key measurement and tags as the client sent them */
  find(key: string): KnownSeries | undefined {
    const series = this.#byKey.get(key);
    if (series && series.key !== key) series.key = shared(key);
    return series;
  }

  /** The series of a stamped head; from now on also found by the key it was sent under. */
  findHead(head: string, key: string): KnownSeries | undefined {
    const series = this.#byHead.get(head);
    if (series && this.#byKey.size < MAX_KEYS) this.#byKey.set(key, series);
    return series;
  }

  field(measurement: string, name: string): KnownField | undefined {
    return this.#fields.get(measurement)?.get(name);
  }

  /** That the robot may have so many more. @throws BadLine */
  checkRoom(newSeries: number, newFields: string[]): void {
    const { maxSeries, maxFields } = this.#limits;
    if (this.#byHead.size + newSeries > maxSeries)
      throw bad(`more than ${maxSeries} series: tags that take ever new values make too many`, 'limit');
    const tooMany = newFields[maxFields - this.#fieldCount];
    if (this.#fieldCount + newFields.length > maxFields)
      throw bad(`more than ${maxFields} fields: "${tooMany}" is one too many`, 'limit');
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
      ...{ fields: this.#fieldsOf(measurement), layout: [], key: head, next: undefined },
    };
    this.#byHead.set(head, series);
    return series;
  }

  /** @returns the row ids of the series, and the fields, that had a line since `line`; and whether there are others */
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
