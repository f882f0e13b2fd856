import { type Kysely, sql } from 'kysely';

/** Leases for jobs that one replica at a time runs, and a transactional outbox. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table job_claims (
      job text primary key,
      holder text not null,
      until timestamptz not null
    );
    create table outbox (
      id bigserial primary key,
      kind text not null,
      payload jsonb not null,
      created_at timestamptz not null default now(),
      due_at timestamptz not null default now(),
      attempts integer not null default 0,
      last_error text
    );
    create index outbox_due on outbox (kind, due_at, id);
  `.execute(db);
}
