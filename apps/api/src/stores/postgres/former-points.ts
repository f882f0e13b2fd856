import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { lock } from '../../db/locks.ts';
import { HOUR_NS, int8 } from './nanoseconds.ts';
import { type PackingDeps, packHour } from './packing.ts';

const PROGRESS_MS = 60_000;
const DAY_HOURS = 24;

/**
 * Moves what a former release stored, the newest day first, and drops its tables. Can be stopped at any time; goes on where it
 * was. Reads find the points where they are.
 */
export async function moveFormerPoints(deps: PackingDeps, log: Logger, signal: AbortSignal): Promise<void> {
  const days = await formerDays(deps);
  if (days.length === 0) return;
  log.info({ days: days.length }, 'moving the points of a former release to their new tables; they stay readable');
  let reported = performance.now();
  for (const [i, { table, day }] of days.entries()) {
    for (const robotId of await robotsOf(deps, table)) {
      for (const hour of Array.from({ length: DAY_HOURS }, (_, h) => day * DAY_HOURS + h)) {
        if (signal.aborted) return;
        const started = performance.now();
        if (await hasPoints(deps, table, robotId, hour)) await packHour(deps, robotId, hour);
        await sleep(performance.now() - started, undefined, { signal }).catch(() => {});
      }
      if (performance.now() - reported < PROGRESS_MS) continue;
      reported = performance.now();
      log.info({ days: days.length, done: i, robot: robotId }, 'still moving the points of a former release');
    }
    await dropDay(deps, table);
  }
  log.info({ days: days.length }, 'moved the points of a former release');
}

/** Newest first. */
async function formerDays({ db }: PackingDeps): Promise<{ table: string; day: number }[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'metric_points'::regclass`.execute(db);
  return rows
    .map(({ name }) => ({ table: name, day: Number(/_d(-?\d+)$/.exec(name)?.[1]) }))
    .sort((a, b) => b.day - a.day);
}

async function robotsOf({ db }: PackingDeps, table: string): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from robots where exists (
      select from metric_series s where s.robot_id = robots.id
        and exists (select from ${sql.table(table)} p where p.series_id = s.id)
    ) order by id`.execute(db);
  return rows.map(({ id }) => id);
}

async function hasPoints({ db }: PackingDeps, table: string, robotId: number, hour: number): Promise<boolean> {
  const from = BigInt(hour) * HOUR_NS;
  const { rows } = await sql`
    select from metric_series s where s.robot_id = ${robotId} and exists (
      select from ${sql.table(table)} p where p.series_id = s.id
        and p.time >= ${int8(from)} and p.time < ${int8(from + HOUR_NS)}
    ) limit 1`.execute(db);
  return rows.length > 0;
}

/** What is left belongs to robots and series that no longer exist. */
async function dropDay({ db }: PackingDeps, table: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lock(tx, 'change partitions');
    await sql`drop table if exists ${sql.table(table)}`.execute(tx);
  });
}
