import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import {
  type DecodedField,
  type DecodedPoint,
  decodeHead,
  decodePoint,
  type KnownSeries,
  type Refusals,
} from '../../line-protocol/index.ts';
import { inSlices, sorting } from '../../scheduling/slices.ts';
import type { RobotLines } from '../metrics-store.ts';
import type { Partitions } from './partitions.ts';

interface Item extends DecodedPoint {
  robotId: number;
  series: KnownSeries;
}

/** Limits for one statement, because it is built without yielding. */
const STATEMENT_LINES = 2_000;
const STATEMENT_BYTES = 1 << 20;

/** Decodes a batch and stores it with a few statements in one transaction. */
export class PostgresWriter {
  #db: Database;
  #partitions: Partitions;

  constructor(db: Database, partitions: Partitions) {
    this.#db = db;
    this.#partitions = partitions;
  }

  async write(batch: RobotLines[]): Promise<Refusals[]> {
    const items = await inSlices(decoding(batch));
    const metrics = items.filter(({ series }) => !series.isLog);
    const logs = items.filter(({ series }) => series.isLog);
    await this.#partitions.ensure(daysOf(items));
    await this.#db.transaction().execute(async (tx) => {
      for (const some of statements(await inSlices(mergingPoints(metrics)))) await pointRows(some).execute(tx);
      for (const some of statements(await inSlices(identifyingLogs(logs)))) await logRows(some).execute(tx);
    });
    // The catalog has already checked the types, so nothing is refused here.
    return batch.map(() => new Map());
  }
}

function* decoding(batch: RobotLines[]): Generator<void, Item[]> {
  const items: Item[] = [];
  for (const { robotId, lines, refused } of batch) {
    for (const [index, series] of lines.series.entries()) {
      if (refused.has(index)) continue;
      items.push({ robotId, series, ...decodePoint(lines.line(index), series.head.length) });
      yield;
    }
  }
  return items;
}

/** At least one time for each day that has items. */
function daysOf(items: Item[]): bigint[] {
  const days = new Map<string, bigint>();
  for (const { time } of items) {
    // Dropping ten digits groups times by ten seconds, which divide a day evenly.
    const moment = time.length > 11 ? time.slice(0, -10) : time;
    if (!days.has(moment)) days.set(moment, BigInt(time));
  }
  return [...days.values()];
}

interface Row {
  size: number;
}

function* statements<R extends Row>(rows: R[]): Generator<R[]> {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < rows.length; i++) {
    bytes += (rows[i] as R).size;
    if (i - start + 1 < STATEMENT_LINES && bytes < STATEMENT_BYTES && i < rows.length - 1) continue;
    yield rows.slice(start, i + 1);
    [start, bytes] = [i + 1, 0];
  }
}

interface PointRow extends Row {
  series: number;
  time: string;
  json: string;
}

/**
 * Merges points of the same series and time, as the upsert does: later fields win. Sorted, so that writers cannot
 * deadlock.
 */
function* mergingPoints(items: Item[]): Generator<void, PointRow[]> {
  const points = new Map<string, Item>();
  for (const item of items) {
    const key = `${item.series.id} ${item.time}`;
    const point = points.get(key);
    if (!point) points.set(key, item);
    else for (const [field, value] of item.fields) point.fields.set(field, value);
    yield;
  }
  const rows: PointRow[] = [];
  for (const { series, time, fields } of points.values()) {
    const json = fieldsJson(fields);
    rows.push({ series: series.id, time, json, size: json.length });
    yield;
  }
  return yield* sorting(rows, (a, b) => a.series - b.series || byTime(a.time, b.time));
}

/** Times of equal length are compared as text, which is cheaper. */
function byTime(a: string, b: string): number {
  if (a === b) return 0;
  const isLess = a.length === b.length && !a.startsWith('-') ? a < b : BigInt(a) < BigInt(b);
  return isLess ? -1 : 1;
}

const pointRows = (rows: PointRow[]) => sql`
  insert into metric_points select s, t, f::jsonb
  from unnest(${rows.map((r) => r.series)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => r.json)}::text[]) as g (s, t, f)
  on conflict (series_id, time) do update set fields = metric_points.fields || excluded.fields`;

/** Written by hand, because JSON.stringify cannot write 64-bit integers. */
function fieldsJson(fields: Map<string, DecodedField>): string {
  const pairs = [...fields].map(([name, { type, value }]) => {
    const isNumber = type === 'integer' || type === 'unsigned';
    return `${JSON.stringify(name)}:${isNumber ? BigInt(value as string) : JSON.stringify(value)}`;
  });
  return `{${pairs.join(',')}}`;
}

interface LogRow extends Row {
  robotId: number;
  time: string;
  digest: string;
  level: string | null;
  program: string | null;
  message: string;
}

/** The digest is part of the key: it keeps entries of the same instant apart and makes a retry idempotent. */
function* identifyingLogs(items: Item[]): Generator<void, LogRow[]> {
  const tagsOf = new Map<KnownSeries, Record<string, string>>();
  const rows: LogRow[] = [];
  for (const { robotId, series, fields, time } of items) {
    const tags = tagsOf.get(series) ?? decodeHead(series.head).tags;
    tagsOf.set(series, tags);
    const read = (field: string) => (fields.has(field) ? String(fields.get(field)?.value) : null);
    const [level, program, message] = [read('level'), read('program'), read('message') ?? ''];
    const digest = createHash('md5')
      .update(JSON.stringify([level, program, message, tags]))
      .digest('base64url');
    rows.push({ robotId, time, digest, level, program, message, size: message.length });
    yield;
  }
  return yield* sorting(
    rows,
    (a, b) => a.robotId - b.robotId || byTime(a.time, b.time) || (a.digest < b.digest ? -1 : 1),
  );
}

const logRows = (rows: LogRow[]) => sql`
  insert into log_entries (robot_id, time, digest, level, program, message)
  select * from unnest(${rows.map((r) => r.robotId)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => r.digest)}::text[],
    ${rows.map((r) => r.level)}::text[], ${rows.map((r) => r.program)}::text[], ${rows.map((r) => r.message)}::text[])
  on conflict do nothing`;
