import { type Kysely, sql } from 'kysely';

/** The network that requested a code, for limits per network. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pair_codes add column network text not null default ''`.execute(db);
}
