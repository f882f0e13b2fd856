import { type RawBuilder, sql } from 'kysely';
import type { Database, Db } from '../../db/schema.ts';
import type { LogFilter, LogMatches, LogMatchesQuery } from '../metrics-store.ts';
import { ns } from './nanoseconds.ts';

/** Searching more than this is refused: others wait for it. */
const LONGEST_MS = 3_000;

/** One pass over the entries, whatever the number of filters. @throws DatabaseError after three seconds */
export async function queryLogMatches(db: Db, { robotIds, filters, from, to }: LogMatchesQuery): Promise<LogMatches[]> {
  if (robotIds.length === 0 || filters.length === 0) return [];
  const counts = sql.join(filters.map((filter) => sql`count(*) filter (where ${matches(filter)})`));
  const select = sql<{ robotId: number; counts: string[] }>`
    select robot_id as "robotId", array[${counts}]::bigint[] as counts from log_entries
    where robot_id = any(${robotIds}::int[]) and time >= ${ns(from)} and time < ${ns(to)}
    group by robot_id`;
  const { rows } = await (db as Database).transaction().execute(async (tx) => {
    await sql`set local statement_timeout = ${sql.lit(LONGEST_MS)}`.execute(tx);
    return select.execute(tx);
  });
  return rows.flatMap(({ robotId, counts }) =>
    counts.flatMap((count, filter) => (count === '0' ? [] : [{ robotId, filter, count: Number(count) }])),
  );
}

function matches({ level, program, q }: LogFilter): RawBuilder<unknown> {
  const conditions = [sql`true`];
  if (level?.length) conditions.push(sql`lower(level) = any(${level.map((one) => one.toLowerCase())}::text[])`);
  if (program) conditions.push(sql`program = ${program}`);
  if (q) conditions.push(sql`message ilike ${`%${q.replace(/[\\%_]/g, '\\$&')}%`}`);
  return sql.join(conditions, sql` and `);
}
