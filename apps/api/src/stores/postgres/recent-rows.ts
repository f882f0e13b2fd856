import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { HOUR_NS, int8, nsOf } from './nanoseconds.ts';
import { firstUnpackedHour } from './packing.ts';

/** A robot, and those of its channels that are asked for. */
export interface RobotChannels {
  robotId: number;
  channels: number[];
}

/** Numbers of a robot, by time: rows of the time and a value for each of its channels, NaN where it has none. */
export interface Rows {
  /** Of a row: its time and its values. */
  width: number;
  /** Row after row. Times are nanoseconds after the beginning. */
  cells: number[];
}

export interface RowsQuery {
  /** Nanoseconds since 1970; `to` is exclusive. */
  from: bigint;
  to: bigint;
}

/** Looking for more channels in every row costs more than unfolding it. */
export const MAX_CHANNELS = 64;
/** Robots' seconds in one statement, so that its answer takes a few megabytes. */
const AT_ONCE_S = 60_000;

/** Numbers of longer windows are aggregated in the database. */
const LONGEST_MS = 900_000;

/** Whether all numbers since then are as they came: nothing is packed so early, and no former release has left any. */
export async function areAsTheyCame(db: Db, from: number): Promise<boolean> {
  const now = Date.now();
  if (from < now - LONGEST_MS || nsOf(from) < firstUnpackedHour(now) * HOUR_NS) return false;
  const { rows } = await sql<{ former: boolean }>`
    select exists (select from pg_inherits where inhparent = 'metric_points'::regclass) as former`.execute(db);
  return rows[0]?.former === false;
}

/**
 * Numbers as they came, each once: of the same channel and time, the value that came last. They are cheaper to aggregate here than in
 * the database. @returns by robot; those without any are absent
 */
export async function readRows(db: Db, robots: RobotChannels[], query: RowsQuery): Promise<Map<number, Rows>> {
  const found = new Map<number, Rows>();
  const seconds = Math.min(Number(query.to - query.from) / 1e9, LONGEST_MS / 1000);
  const atOnce = Math.max(1, Math.ceil(AT_ONCE_S / Math.max(1, seconds)));
  // As many columns as the robot with the most needs.
  const sorted = robots.toSorted((a, b) => a.channels.length - b.channels.length);
  for (let i = 0; i < sorted.length; i += atOnce) {
    const some = sorted.slice(i, i + atOnce);
    const { rows } = await statement(some, query).execute(db);
    const widths = new Map(some.map(({ robotId, channels }) => [robotId, channels.length + 1]));
    const columns = some.at(-1)?.channels.length ?? 0;
    for (const { robot_id, text } of rows) found.set(robot_id, rowsOf(text, columns, widths.get(robot_id) as number));
  }
  return found;
}

function statement(robots: RobotChannels[], { from, to }: RowsQuery) {
  const columns = robots.at(-1)?.channels.map((_, i) => i) ?? [];
  const names = columns.map((i) => sql.ref(`c${i}`));
  const places = columns.map((i) => sql`${robots.map(({ channels }) => channels[i] ?? null)}::int[]`);
  const values = names.map((name) => sql`r.vals[array_position(r.channels, w.${name})]`);
  const row = sql`array[(r.time - ${int8(from)})::float8, r.id::float8, ${sql.join(values)}]::text`;
  return sql<{ robot_id: number; text: string }>`
    select w.robot_id, found.text
    from unnest(${robots.map(({ robotId }) => robotId)}::int[], ${sql.join(places)}) as w (robot_id, ${sql.join(names)})
    cross join lateral (
      select string_agg(${row}, ',') as text from metric_recent r
      where r.robot_id = w.robot_id and r.time >= ${int8(from)} and r.time < ${int8(to)}
    ) as found
    where found.text is not null`;
}

/** @param text PostgreSQL's arrays of the time, the row's number and the values, with as many columns for every robot */
function rowsOf(text: string, columns: number, width: number): Rows {
  const json = text.replaceAll('{', '').replaceAll('}', '').replaceAll('NULL', 'null');
  const all = JSON.parse(`[${json}]`) as (number | null)[];
  const step = columns + 2;
  const starts: number[] = [];
  for (let i = 0; i < all.length; i += step) starts.push(i);
  const at = (i: number) => all[i] as number;
  starts.sort((a, b) => at(a) - at(b) || at(a + 1) - at(b + 1));
  const cells: number[] = [];
  for (const start of starts) {
    const isNew = cells.length === 0 || cells[cells.length - width] !== all[start];
    if (isNew) cells.push(at(start));
    const row = isNew ? cells.length - 1 : cells.length - width;
    for (let i = 1; i < width; i++) {
      const value = all[start + 1 + i];
      if (isNew) cells.push(value ?? Number.NaN);
      else if (value !== null && value !== undefined) cells[row + i] = value;
    }
  }
  return { width, cells };
}
