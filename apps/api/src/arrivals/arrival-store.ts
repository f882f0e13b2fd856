import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { KEPT_MS } from './spans.ts';

export interface ArrivalRow {
  id: string;
  body: string;
}

/** Rows in one reply; each has the values of a batch of reports. */
const AT_ONCE = 100;

export async function insertArrivals(db: Db, bodies: string[]): Promise<void> {
  await sql`insert into arrivals (body) select unnest(${bodies}::text[])`.execute(db);
}

/** @param known rows that are left out. @returns those with greater numbers, in their order, a part at a time */
export async function* readArrivals(db: Db, after: string, known: string[]): AsyncGenerator<ArrivalRow> {
  for (let last = after; ; ) {
    const { rows } = await sql<ArrivalRow>`
      select id, body from arrivals where id > ${last}::bigint and id <> all(${known}::bigint[])
      order by id limit ${AT_ONCE}`.execute(db);
    yield* rows;
    if (rows.length < AT_ONCE) return;
    last = rows.at(-1)?.id ?? last;
  }
}

/** The last number given out; the transactions before `oldest` have ended, those from `next` on have not begun. */
export async function newestArrival(db: Db): Promise<{ row: string; oldest: bigint; next: bigint }> {
  const { rows } = await sql<{ row: string; oldest: string; next: string }>`
    select case when is_called then last_value else 0 end as row, pg_snapshot_xmin(now) as oldest, pg_snapshot_xmax(now) as next
    from arrivals_id_seq, pg_current_snapshot() as now`.execute(db);
  const { row = '0', oldest = 0, next = 0 } = rows[0] ?? {};
  return { row, oldest: BigInt(oldest), next: BigInt(next) };
}

export async function deleteArrivals(db: Db, olderThanMs = KEPT_MS): Promise<void> {
  await sql`delete from arrivals where at < now() - ${`${Math.ceil(olderThanMs / 1000)} s`}::interval`.execute(db);
}

/**
 * The table is empty after a crash of the database.
 * @returns when it was begun, as text that tells one from another, and the milliseconds since
 */
export async function epochOfArrivals(db: Db): Promise<{ epoch: string; ageMs: number }> {
  await sql`insert into arrivals_epoch default values on conflict do nothing`.execute(db);
  const { rows } = await sql<{ epoch: string; age: number }>`
    select began_at::text as epoch, (extract(epoch from clock_timestamp() - began_at) * 1000)::float8 as age from arrivals_epoch`.execute(
    db,
  );
  const { epoch = '', age = 0 } = rows[0] ?? {};
  return { epoch, ageMs: age };
}
