import { sql } from 'kysely';
import { lock } from '../../db/locks.ts';
import { addPartition } from '../../db/range-partitions.ts';
import type { Database } from '../../db/schema.ts';

const DAY_NS = 86_400_000_000_000n;
const TABLES = ['metric_others', 'log_entries'];
/** Each new partition holds locks until its transaction ends. */
const DAYS_AT_ONCE = 32;
const floorDay = (time: bigint) => (time - (((time % DAY_NS) + DAY_NS) % DAY_NS)) / DAY_NS;
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** One partition per day; retention drops whole days. */
export class Partitions {
  #db: Database;
  #retentionNs: bigint;
  #known = new Set<bigint>();

  constructor(db: Database, retentionSeconds: number) {
    this.#db = db;
    this.#retentionNs = BigInt(retentionSeconds) * 1_000_000_000n;
  }

  /** Creates the missing partitions for these times (nanoseconds). */
  async ensure(times: Iterable<bigint>): Promise<void> {
    const missing = new Set<bigint>();
    for (const time of times) {
      const day = floorDay(time);
      if (!this.#known.has(day)) missing.add(day);
    }
    if (missing.size === 0) return;
    const days = [...missing];
    for (let i = 0; i < days.length; i += DAYS_AT_ONCE) {
      const some = days.slice(i, i + DAYS_AT_ONCE);
      await this.#exclusively(async (run) => {
        for (const day of some) {
          for (const table of TABLES)
            for (const statement of addPartition(table, `${table}_d${day}`, day * DAY_NS, (day + 1n) * DAY_NS))
              await run(statement);
        }
      });
      for (const day of some) this.#known.add(day);
    }
  }

  async maintain(): Promise<void> {
    const oldest = floorDay(nowNs() - this.#retentionNs);
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = any(${[...TABLES, 'metric_points']}::regclass[])`.execute(this.#db);
    const expired = rows
      .map((row) => row.name)
      .filter((name) => BigInt(/_d(-?\d+)$/.exec(name)?.[1] ?? oldest) < oldest);
    if (expired.length > 0) {
      await this.#exclusively(async (run) => {
        for (const name of expired) await run(`drop table if exists "${name}"`);
      });
      this.#known.clear();
    }
    await this.ensure([nowNs(), nowNs() + DAY_NS]);
  }

  /** Only one replica at a time changes partitions. The raw SQL is built from our own numbers, never from input. */
  async #exclusively(change: (run: (statement: string) => Promise<unknown>) => Promise<void>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await lock(tx, 'change partitions');
      await change((statement) => sql.raw(statement).execute(tx));
    });
  }
}
