import { type Kysely, sql } from 'kysely';

/** What a robot's former hardware needs to come back, kept for as long as its replacement can be undone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table robot_replacements (
      id bigint generated always as identity primary key,
      robot_id integer not null references robots (id) on delete cascade,
      at timestamptz not null default now(),
      undo_until timestamptz not null,
      hostname varchar(255) not null,
      ip_address varchar(45),
      architecture architecture,
      agent_version varchar(64),
      status robot_status not null,
      influxdb_token text not null
    );
    comment on column robot_replacements.influxdb_token is 'SHA-256 (hex) of the former hardware''s token, never the token';
    create index robot_replacements_robot on robot_replacements (robot_id);
    create index robot_replacements_end on robot_replacements (undo_until);
  `.execute(db);
}
