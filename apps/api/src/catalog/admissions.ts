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

/** A robot's series and fields that are not in the catalog yet. */
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

/** Rows in one statement, from many new robots or from one with many new series. */
const MAX_ROWS = 2_000;
const STATEMENTS_AT_ONCE = 2;

/**
 * Inserts the new series and fields of many robots in batches. Work is not lost when a caller times out: what was
 * admitted stays known.
 */
export class Admissions {
  #db: Database;
  #queue: Waiting[] = [];
  #running = 0;
  #scheduled = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Resolves when each series has its id and each field its settled type or its refusal. */
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

  /** If a batch fails, retries each robot alone, so that one robot's bad rows do not fail the others. */
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

/** The first value determines a field's type, even if another replica received it. */
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

/** Concurrent bodies of one robot have the same rows. @returns each row once, and each item's index among them */
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
