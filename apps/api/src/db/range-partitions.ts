import { sql } from 'kysely';
import { lock } from './locks.ts';
import type { Database } from './schema.ts';

/**
 * Statements that add a partition unless it is there. Attaching a table does not wait for reads, nor do reads wait for it, which
 * `create table … partition of` would cause. Names and bounds are never input.
 */
export const addPartition = (table: string, name: string, from: bigint | number, to: bigint | number) => [
  `create table if not exists "${name}" (like ${table} including all)`,
  `do $$ begin
    if not exists (select from pg_inherits where inhrelid = '"${name}"'::regclass) then
      alter table ${table} attach partition "${name}" for values from (${from}) to (${to});
    end if;
  end $$`,
];

/** Tables partitioned by integer ranges of one width. Table names and bounds are never input. */
export class RangePartitions {
  #db: Database;
  #tables: readonly string[];
  #width: number;
  #known = new Set<number>();

  constructor(db: Database, tables: readonly string[], width: number) {
    this.#db = db;
    this.#tables = tables;
    this.#width = width;
  }

  /** Creates the partitions for these numbers. */
  async ensure(numbers: Iterable<number>): Promise<void> {
    const missing = new Set<number>();
    for (const number of numbers) {
      const range = Math.floor(number / this.#width);
      if (!this.#known.has(range)) missing.add(range);
    }
    if (missing.size === 0) return;
    await this.#exclusively(async (run) => {
      for (const range of missing)
        for (const table of this.#tables)
          for (const statement of addPartition(
            table,
            `${table}_r${range}`,
            range * this.#width,
            (range + 1) * this.#width,
          ))
            await run(statement);
    });
    for (const range of missing) this.#known.add(range);
  }

  /** Drops partitions that end at or before `oldest`. */
  async dropBefore(oldest: number): Promise<void> {
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = any(${this.#tables}::regclass[])`.execute(this.#db);
    const expired = rows.filter(({ name }) => {
      const range = Number(/_r(-?\d+)$/.exec(name)?.[1] ?? Number.NaN);
      return (range + 1) * this.#width <= oldest;
    });
    if (expired.length === 0) return;
    await this.#exclusively(async (run) => {
      for (const { name } of expired) await run(`drop table if exists "${name}"`);
    });
    this.#known.clear();
  }

  async #exclusively(change: (run: (statement: string) => Promise<unknown>) => Promise<void>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await lock(tx, 'change partitions');
      await change((statement) => sql.raw(statement).execute(tx));
    });
  }
}
