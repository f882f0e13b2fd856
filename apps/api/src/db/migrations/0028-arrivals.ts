import { type Kysely, sql } from 'kysely';

/**
 * What rules watch, and the values of it that came lately. The values are not logged: after a crash of the database the metrics store
 * is read instead.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table watched_fields (
      id serial primary key,
      key text not null unique,
      owner_id int references users on delete cascade,
      measurement text not null,
      field text,
      tags jsonb not null,
      created_at timestamptz not null default now(),
      asked_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index watched_fields_owner on watched_fields (owner_id)`.execute(db);
  await sql`
    create unlogged table arrivals (
      id bigserial primary key,
      at timestamptz not null default clock_timestamp(),
      body text not null
    )`.execute(db);
  await sql`alter table arrivals alter column body set storage external`.execute(db);
  await sql`create index arrivals_at on arrivals (at)`.execute(db);
  await sql`
    create unlogged table arrivals_epoch (
      only_row boolean primary key default true check (only_row),
      began_at timestamptz not null default clock_timestamp()
    )`.execute(db);
}
