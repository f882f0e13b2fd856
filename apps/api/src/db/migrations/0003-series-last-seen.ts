import { type Kysely, sql } from 'kysely';

/** Series whose points are all past their retention must not count towards the robot's limit for ever. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table metric_series add column last_seen_at timestamptz not null default now();
    alter table metric_fields add column last_seen_at timestamptz not null default now();
    create index metric_series_last_seen on metric_series (last_seen_at);
  `.execute(db);
}
