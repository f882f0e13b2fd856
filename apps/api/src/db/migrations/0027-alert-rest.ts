import { type Kysely, sql } from 'kysely';

/** The pause after an evaluation that took long, for all replicas. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table alert_watch add column rests_until timestamptz`.execute(db);
}
