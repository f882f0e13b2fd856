import { type Kysely, sql } from 'kysely';

/** Replicas roll up different robots at the same time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table rollup_due add column taken_until timestamptz;
    comment on column rollup_due.taken_until is 'until when a replica works on it, unless that replica has ended';
  `.execute(db);
}
