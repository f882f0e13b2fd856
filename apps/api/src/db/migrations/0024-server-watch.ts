import { type Kysely, sql } from 'kysely';

/** When a server was there last, and its last absence: robots could not be heard then. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table server_watch (
      only_row boolean primary key default true check (only_row),
      alive_at timestamptz not null default now(),
      away_from timestamptz,
      away_until timestamptz
    );
    insert into server_watch default values;
  `.execute(db);
}
