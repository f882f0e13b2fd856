import { LRUCache } from 'lru-cache';
import type { ReportingRobot } from '../reporting-robot.ts';
import type { FieldType } from './field-value.ts';

/** Lines are counted, so that what has gone out of use, or stands twice in one line, can be told. */
let lines = 0;
export const nextLine = () => ++lines;
export const currentLine = () => lines;

export interface KnownField {
  name: string;
  type: FieldType;
  /** The line that had it last. */
  seenAt: number;
}

/** A series of one robot: measurement and tags. Names are as in line protocol, still escaped, one character a byte. */
export interface KnownSeries {
  /** Its row in metric_series. */
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

/**
 * What a robot has sent so far, so that a line of the usual shape costs one look-up. Only what metric_series and
 * metric_fields hold is known; anything else is `novel` until the catalog has admitted it.
 */
export class RobotShape {
  /** Whose shape it is, as it was named when its series were stamped. */
  readonly robot: ReportingRobot;
  /** `,key=value` pairs of the robot's identity, escaped, by key. */
  readonly identity: ReadonlyMap<string, string>;
  readonly #byKey = new Map<string, KnownSeries>();
  readonly #byHead = new Map<string, KnownSeries>();
  readonly #fields = new Map<string, Map<string, KnownField>>();

  constructor(robot: ReportingRobot, identity: ReadonlyMap<string, string>) {
    this.robot = robot;
    this.identity = identity;
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

  /** That a line of it came. */
  note(series: KnownSeries, fields: { name: string }[]): void {
    series.seenAt = nextLine();
    for (const { name } of fields) {
      const field = series.fields.get(name);
      if (field) field.seenAt = series.seenAt;
    }
  }

  fieldType(measurement: string, field: string): FieldType | undefined {
    return this.#fields.get(measurement)?.get(field)?.type;
  }

  learnField(measurement: string, field: string, type: FieldType): void {
    this.#fieldsOf(measurement).set(field, { name: shared(field), type, seenAt: currentLine() });
  }

  learnSeries(id: number, head: string, measurement: string): KnownSeries {
    const fields = this.#fieldsOf(measurement);
    const series: KnownSeries = {
      ...{ id, head, measurement, isLog: measurement === 'syslog', seenAt: currentLine() },
      ...{ fields, layout: [], key: head, next: undefined },
    };
    this.#byHead.set(head, series);
    return series;
  }

  /** @returns the row ids of the series, and the fields, that had a line since `line`; forgets all others */
  inUseSince(line: number) {
    for (const [key, series] of this.#byKey) if (series.seenAt <= line) this.#byKey.delete(key);
    for (const [head, series] of this.#byHead) if (series.seenAt <= line) this.#byHead.delete(head);
    for (const fields of this.#fields.values()) {
      for (const [name, field] of fields) if (field.seenAt <= line) fields.delete(name);
    }
    if (this.first && this.first.seenAt <= line) this.first = undefined;
    for (const series of this.#byHead.values()) {
      if (series.next && series.next.seenAt <= line) series.next = undefined;
      series.layout = [];
    }
    const series = [...this.#byHead.values()].map(({ id }) => id);
    const fields = [...this.#fields].flatMap(([measurement, known]) =>
      [...known.keys()].map((field) => ({ measurement, field })),
    );
    return { series, fields };
  }

  #fieldsOf(measurement: string): Map<string, KnownField> {
    const fields = this.#fields.get(measurement) ?? new Map<string, KnownField>();
    this.#fields.set(measurement, fields);
    return fields;
  }
}
