import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { lock } from '../../db/locks.ts';
import { HOUR_NS, int8 } from './nanoseconds.ts';
import { type PackingDeps, packHour } from './packing.ts';

const PROGRESS_MS = 60_000;
const DAY_HOURS = 24;
const DAY_MS = 86_400_000;
/** Reads wait as long as the lock is waited for. */
const LOCK_MS = 1_000;
/** PostgreSQL's error code (appendix A). */
const LOCK_NOT_AVAILABLE = '55P03';

interface Day {
  table: string;
  /** Since 1970. */
  day: number;
}

/**
 * Moves what a former release stored, the newest day first, and drops its tables. Can be stopped at any time; goes on where it
 * was. Reads find the points where they are.
 */
export class FormerPoints {
  #deps: PackingDeps;
  #log: Logger;
  /** How many days there were when this process began. */
  #days: number | undefined;
  #reportedAt = 0;
  /** Hours that failed, by robot, until the server is started again. */
  #failed = new Set<string>();

  constructor(deps: PackingDeps, log: Logger) {
    this.#deps = deps;
    this.#log = log;
  }

  /** @param forMs stops after about this time */
  async move(forMs: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + forMs;
    const days = await this.#formerDays();
    for (const [i, day] of days.entries()) {
      const robots = await this.#robotsOf(day);
      if (robots.length > 0) this.#report(days.length, days.length - i);
      for (const robotId of robots) {
        for (const hour of await this.#hoursOf(day, robotId)) {
          if (signal.aborted || performance.now() > until) return;
          const key = `${robotId} ${hour}`;
          if (this.#failed.has(key)) continue;
          const started = performance.now();
          // One that fails must not be the first of every run.
          this.#failed.add(key);
          await packHour(this.#deps, robotId, hour);
          this.#failed.delete(key);
          await sleep(performance.now() - started, undefined, { signal }).catch(() => {});
        }
      }
      if (signal.aborted) return;
      // A replica of the former release that still runs writes into the newest days.
      if (day.day < Math.floor(Date.now() / DAY_MS) - 1) await this.#drop(day);
    }
    if (this.#days === undefined || this.#failed.size > 0) return;
    this.#log.info({ days: this.#days }, 'moved the points of a former release');
    this.#days = undefined;
  }

  #report(all: number, left: number): void {
    if (this.#days === undefined) {
      this.#days = all;
      this.#reportedAt = performance.now();
      this.#log.info({ days: all }, 'moving the points of a former release; they stay readable');
    }
    if (performance.now() - this.#reportedAt < PROGRESS_MS) return;
    this.#reportedAt = performance.now();
    const done = Math.max(0, this.#days - left);
    this.#log.info({ days: this.#days, left }, `moving the points of a former release: ${done} of ${this.#days} days`);
  }

  /** Newest first. */
  async #formerDays(): Promise<Day[]> {
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'metric_points'::regclass`.execute(this.#deps.db);
    return rows
      .map(({ name }) => ({ table: name, day: Number(/_d(-?\d+)$/.exec(name)?.[1]) }))
      .sort((a, b) => b.day - a.day);
  }

  async #robotsOf({ table }: Day): Promise<number[]> {
    const { rows } = await sql<{ id: number }>`
      select id from robots where exists (
        select from metric_series s where s.robot_id = robots.id
          and exists (select from ${sql.table(table)} p where p.series_id = s.id)
      ) order by id`.execute(this.#deps.db);
    return rows.map(({ id }) => id);
  }

  async #hoursOf({ table, day }: Day, robotId: number): Promise<number[]> {
    const first = day * DAY_HOURS;
    const { rows } = await sql<{ hour: number }>`
      select hour from generate_series(${first}::int, ${first + DAY_HOURS - 1}::int) as hour where exists (
        select from metric_series s join ${sql.table(table)} p on p.series_id = s.id
        where s.robot_id = ${robotId} and p.time >= hour * ${int8(HOUR_NS)} and p.time < (hour + 1) * ${int8(HOUR_NS)}
      ) order by hour`.execute(this.#deps.db);
    return rows.map(({ hour }) => hour);
  }

  /** What is left then belongs to robots and series that no longer exist. Tried again later if long reads are under way. */
  async #drop({ table }: Day): Promise<void> {
    await this.#deps.db
      .transaction()
      .execute(async (tx) => {
        await lock(tx, 'change partitions');
        await sql`set local lock_timeout = ${sql.lit(LOCK_MS)}`.execute(tx);
        // The whole table first, as reads do; the other way round, each could wait for the other.
        await sql`lock table metric_points in access exclusive mode`.execute(tx);
        const { rows } = await sql`
          select from metric_series s join robots r on r.id = s.robot_id
          where exists (select from ${sql.table(table)} p where p.series_id = s.id) limit 1`.execute(tx);
        if (rows.length === 0) await sql`drop table ${sql.table(table)}`.execute(tx);
      })
      .catch((error) => {
        if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      });
  }
}
