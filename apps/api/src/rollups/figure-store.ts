import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { activity, FIGURE_COLUMNS, figures } from './figure-columns.ts';
import { DAY_HOURS } from './rollup.ts';

const COLUMNS = [...FIGURE_COLUMNS, 'log_entries', 'error_logs'];
const OVERWRITE = `do update set ${COLUMNS.map((name) => `${name} = excluded.${name}`).join()}`;

interface Which {
  robotId: number;
  /** Hours since 1970. */
  hours: number[];
  /** Days since 1970. */
  days: number[];
}

/** Computes figures from the roll-ups and the log counts, of hours and days that have any. */
export async function renewFigures(tx: Db, which: Which): Promise<void> {
  await write(tx, which, OVERWRITE);
}

/** The same for those that have no figures yet. One that is being rolled up meanwhile keeps what that computes. */
export async function fillFigures(tx: Db, which: Which): Promise<void> {
  await write(tx, which, 'do nothing');
}

/** Ids and times are numbers of our own. */
async function write(tx: Db, { robotId, hours, days }: Which, conflict: string): Promise<void> {
  const robot = Math.trunc(robotId);
  const list = (numbers: number[]) => `any('{${numbers.map(Math.trunc).join()}}'::int[])`;
  const columns = FIGURE_COLUMNS.map((name) => `g.${name}`).join();
  const logs = activity(`robot_id = ${robot} and hour = ${list(hours)}`);
  await sql
    .raw(`insert into hour_figures (robot_id, hour, ${COLUMNS.join()})
      select ${robot}, a.hour, ${columns}, coalesce(a.log_entries, 0), coalesce(a.error_logs, 0)
      from (${logs}) a
      left join (${figures('hour', `s.robot_id = ${robot} and h.hour = ${list(hours)}`)}) g on g.hour = a.hour
      order by a.hour on conflict (robot_id, hour) ${conflict}`)
    .execute(tx);
  const inDays = `hour = any(array(
    select day * ${DAY_HOURS} + n from unnest('{${days.map(Math.trunc).join()}}'::int[]) day, generate_series(0, ${DAY_HOURS - 1}) n))`;
  await sql
    .raw(`insert into day_figures (robot_id, day, ${COLUMNS.join()})
      select ${robot}, a.day, ${columns}, a.log_entries, a.error_logs
      from (
        select floor(hour / ${DAY_HOURS}.0)::int as day, coalesce(sum(log_entries), 0) as log_entries, coalesce(sum(error_logs), 0) as error_logs
        from (${activity(`robot_id = ${robot} and ${inDays}`)}) hours group by 1
      ) a
      left join (${figures('day', `s.robot_id = ${robot} and h.day = ${list(days)}`)}) g on g.day = a.day
      order by a.day on conflict (robot_id, day) ${conflict}`)
    .execute(tx);
}

export interface ToFill {
  robotId: number;
  /** The day before which figures are missing, since 1970. */
  before: number;
}

/** Robots with figures still to be filled in, those first that are missing newer ones. */
export async function listToFill(db: Db, limit: number): Promise<ToFill[]> {
  const { rows } = await sql<ToFill>`
    select robot_id as "robotId", before from figures_to_fill order by before desc, robot_id limit ${limit}`.execute(
    db,
  );
  return rows;
}

/** @param before undefined when nothing is missing any more */
export async function noteFilled(tx: Db, robotId: number, before: number | undefined): Promise<void> {
  await (before === undefined
    ? sql`delete from figures_to_fill where robot_id = ${robotId}`
    : sql`update figures_to_fill set before = ${before} where robot_id = ${robotId}`
  ).execute(tx);
}

/** The oldest hour of a robot's activity, since 1970. */
export async function oldestHour(db: Db, robotId: number): Promise<number | undefined> {
  const { rows } = await sql<{ hour: number | null }>`
    select min(hour) as hour from robot_activity where robot_id = ${robotId}`.execute(db);
  return rows[0]?.hour ?? undefined;
}

export async function deleteFiguresOf(db: Db, robotId: number): Promise<void> {
  for (const table of ['figures_to_fill', 'hour_figures', 'day_figures'])
    await sql`delete from ${sql.table(table)} where robot_id = ${robotId}`.execute(db);
}
