import { type Kysely, sql } from 'kysely';

/** A robot's previous token, in order to tell the owner that it is still being used. It is never accepted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table robots add column former_token varchar(64), add column former_token_refused_at timestamptz;
    comment on column robots.former_token is 'SHA-256 (hex), as influxdb_token';
    create index robots_former_token on robots (former_token) where former_token is not null;
  `.execute(db);
}
