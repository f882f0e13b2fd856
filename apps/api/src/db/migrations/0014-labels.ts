import { type Kysely, sql } from 'kysely';

/** What people say of their robots: site, role, owner's own words. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table robots add column labels jsonb not null default '{}' check (jsonb_typeof(labels) = 'object');
    create index robots_labels on robots using gin (labels jsonb_path_ops);
  `.execute(db);
}
