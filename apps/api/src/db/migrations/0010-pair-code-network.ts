import { type Kysely, sql } from 'kysely';

/** Whose codes they are, for sharing what may be live at once. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pair_codes add column network text not null default ''`.execute(db);
}
