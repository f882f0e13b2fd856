import type { ClickHouse, Insertion } from '../clickhouse/client.ts';
import { sql } from '../clickhouse/query-text.ts';
import { RowBinary } from '../clickhouse/row-binary.ts';
import { addEntry, addHead, addValue, LOG_COLUMNS, POINT_COLUMNS } from '../clickhouse/rows.ts';
import type { CopiedPoint, CopySource, Span } from './source.ts';

export const DAY_NS = 86_400_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;
/** Less than any that is written while the server runs: what is newer stays. */
const VERSION = 0n;
/** Sums of the same numbers in another order differ in their last digits. */
const ROUNDING = 1e-9;
const TIMEOUT_MS = 60_000;

export interface Tally {
  points: number;
  logs: number;
}

/** Copies what a source has of one robot's day, and compares. @throws when something is missing afterwards */
export async function copyDay(db: ClickHouse, source: CopySource, robotId: number, day: number): Promise<Tally> {
  const span = { from: BigInt(day) * DAY_NS, to: BigInt(day + 1) * DAY_NS };
  const [points, entries] = [new Sum(), new Set<string>()];
  for (let from = span.from; from < span.to; from += HOUR_NS) {
    const hour = { from, to: from + HOUR_NS };
    await copyPoints(db, robotId, await source.points(robotId, hour), points);
    const rows = new RowBinary();
    for (const entry of await source.entries(robotId, hour)) {
      const { level, program, message, tags, time } = entry;
      entries.add(JSON.stringify([String(time), level, program, message, tags]));
      addEntry(rows, robotId, entry);
    }
    if (rows.bytes.length > 0) await insert(db, robotId, { table: 'logs', columns: LOG_COLUMNS, rows: rows.bytes });
  }
  if (points.count + entries.size > 0) await verify(db, robotId, span, points, entries.size);
  return { points: points.count, logs: entries.size };
}

async function copyPoints(db: ClickHouse, robotId: number, points: CopiedPoint[], sum: Sum): Promise<void> {
  if (points.length === 0) return;
  const rows = new RowBinary();
  for (const { measurement, tags, ...value } of points) {
    addHead(rows, robotId, measurement, tags);
    addValue(rows, { ...value, version: VERSION });
    sum.add(value.type === 'string' ? 0 : Number(value.value));
  }
  await insert(db, robotId, { table: 'points', columns: POINT_COLUMNS, rows: rows.bytes });
}

const insert = (db: ClickHouse, robotId: number, what: Omit<Insertion, 'shard'>) =>
  db.insert({ shard: db.shardOf(robotId), ...what }, AbortSignal.timeout(TIMEOUT_MS));

class Sum {
  count = 0;
  total = 0;
  /** Of the values without their signs: what the total can be off by is a part of this. */
  size = 0;

  add(value: number): void {
    this.count++;
    this.total += value;
    this.size += Math.abs(value);
  }
}

/** What was written meanwhile may have taken the place of what was copied. */
async function verify(db: ClickHouse, robotId: number, { from, to }: Span, points: Sum, logs: number): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const isOfDay = sql`robot_id = ${robotId} and time >= ${from} and time < ${to}`;
  const [[copied = 0, newer = 0, total = 0] = []] = await db.rows<number[]>(
    sql`select toFloat64(countIf(ver = 0)) as copied, toFloat64(countIf(ver > 0)) as newer, sumIf(num, ver = 0) as total
      from points final where ${isOfDay}`,
    signal,
  );
  const [[found = 0] = []] = await db.rows<number[]>(
    sql`select toFloat64(count()) as found from logs final where ${isOfDay}`,
    signal,
  );
  const isSame = copied === points.count && Math.abs(total - points.total) <= points.size * ROUNDING;
  const isOverwritten = copied < points.count && copied + newer >= points.count;
  if ((isSame || isOverwritten) && found >= logs) return;
  throw new Error(
    `Of robot ${robotId} on ${new Date(Number(from / 1_000_000n)).toISOString().slice(0, 10)} ${copied} of ${points.count} values and ${found} of ${logs} log entries are there.`,
  );
}
