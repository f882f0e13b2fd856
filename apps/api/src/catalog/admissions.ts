import { isUnreachable } from '../db/client.ts';
import type { Database } from '../db/schema.ts';
import {
  decodeHead,
  type KnownField,
  type KnownSeries,
  type Refusal,
  type RobotShape,
  text,
  unescapeKey,
  unescapeMeasurement,
} from '../line-protocol/index.ts';
import * as store from './catalog-store.ts';

/** What a robot brought that the catalog does not have yet. */
export interface News {
  shape: RobotShape;
  newSeries: Iterable<KnownSeries>;
  newFields: Iterable<KnownField>;
}

interface Waiting {
  shape: RobotShape;
  series: { row: store.SeriesRow; known: KnownSeries }[];
  fields: { row: store.FieldRow; known: KnownField }[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Rows in one statement: many new robots together, or one with much that is new. */
const MAX_ROWS = 2_000;
const STATEMENTS_AT_ONCE = 2;

/**
 * Writes down the new series and fields of many robots together. Whoever gave up waiting has not wasted the work: what
 * was admitted is known from then on.
 */
export class Admissions {
  #db: Database;
  #queue: Waiting[] = [];
  #running = 0;
  #scheduled = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Resolves when each of the series has its id and each of the fields its type, or the reason why not. */
  admit({ shape, newSeries, newFields }: News): Promise<void> {
    const robot_id = shape.robot.id;
    const series = [...newSeries]
      .filter(({ id }) => id === 0)
      .map((known) => {
        const { measurement, tags } = decodeHead(known.head);
        return { known, row: { robot_id, measurement, tags: JSON.stringify(tags) } };
      });
    const fields = [...newFields]
      .filter(({ settled }) => !settled)
      .map((known) => {
        const [measurement, field] = [text(unescapeMeasurement(known.measurement)), text(unescapeKey(known.name))];
        return { known, row: { robot_id, measurement, field, type: known.type } };
      });
    if (series.length + fields.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#queue.push({ shape, series, fields, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#pump();
      });
    });
  }

  #pump(): void {
    while (this.#running < STATEMENTS_AT_ONCE && this.#queue.length > 0) {
      let rows = 0;
      const end = this.#queue.findIndex((next, i) => {
        rows += next.series.length + next.fields.length;
        return i > 0 && rows > MAX_ROWS;
      });
      const batch = this.#queue.splice(0, end === -1 ? this.#queue.length : end);
      this.#running++;
      void this.#settle(batch).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  /** Where one robot's cannot be written, the others' are. */
  async #settle(batch: Waiting[]): Promise<void> {
    try {
      await this.#write(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length === 1 || isUnreachable(error)) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.#settle([one]);
    }
  }

  async #write(batch: Waiting[]): Promise<void> {
    const fields = batch.flatMap(({ shape, fields }) => fields.map((field) => ({ shape, ...field }))).sort(inOrder);
    if (fields.length > 0) {
      const { rows, places } = distinct(fields);
      const types = await store.ensureFields(this.#db, rows);
      for (const [i, { shape, known }] of fields.entries()) settleField(shape, known, types.get(places[i] as number));
    }
    const series = batch.flatMap(({ series }) => series).sort(inOrder);
    if (series.length > 0) {
      const { rows, places } = distinct(series);
      const ids = await store.ensureSeries(this.#db, rows);
      for (const [i, { known }] of series.entries()) known.id = ids.get(places[i] as number) ?? 0;
    }
  }
}

/** The first value decides a field's type, also where another replica met it. */
function settleField(shape: RobotShape, known: KnownField, type: store.FieldRow['type'] | undefined): void {
  if (type === known.type) known.settled = true;
  else if (type !== undefined) {
    known.refusal = conflict(known, type);
    shape.addField(known.measurement, known.name, type, true);
  }
}

const conflict = ({ name, measurement, type }: KnownField, settled: string): Refusal => ({
  kind: 'type',
  reason: `field "${name}" of "${measurement}" is ${settled}, not ${type}`,
});

const keyOf = (row: store.SeriesRow | store.FieldRow) =>
  `${row.robot_id}\n${row.measurement}\n${'tags' in row ? row.tags : row.field}`;
const inOrder = (a: { row: store.SeriesRow | store.FieldRow }, b: { row: store.SeriesRow | store.FieldRow }) =>
  keyOf(a.row) < keyOf(b.row) ? -1 : 1;

/** Bodies of one robot that are under way together bring the same: each row once, and which of them each item is. */
function distinct<Row extends store.SeriesRow | store.FieldRow>(sorted: { row: Row }[]) {
  const rows: Row[] = [];
  let last = '';
  const places = sorted.map(({ row }) => {
    const key = keyOf(row);
    if (key !== last) rows.push(row);
    last = key;
    return rows.length - 1;
  });
  return { rows, places };
}
