import { type Kysely, sql } from 'kysely';

/**
 * By how much the times of robots with impossible clocks are corrected, for each boot; and which devices report with a
 * robot's token, to notice that it was copied.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table robot_clocks (
      robot_id integer not null references robots (id) on delete cascade,
      boot text not null,
      kind text not null check (kind in ('past', 'future')),
      shift_ms bigint not null,
      newest_ms bigint not null,
      corrected_at timestamptz not null default now(),
      primary key (robot_id, boot, kind)
    );
    comment on column robot_clocks.newest_ms is 'the newest time of the robot''s own clock, since 1970';
    create index robot_clocks_age on robot_clocks (corrected_at);

    create table robot_devices (
      robot_id integer not null references robots (id) on delete cascade,
      device text not null,
      booted_at timestamptz,
      address varchar(45),
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      returns integer not null default 0,
      returned_at timestamptz,
      primary key (robot_id, device)
    );
    create index robot_devices_age on robot_devices (last_seen_at);
    create table robot_clones (
      robot_id integer primary key references robots (id) on delete cascade,
      noticed_at timestamptz not null default now(),
      seen_at timestamptz not null default now()
    );
    alter table robot_presence add column device text, add column booted_at timestamptz;
  `.execute(db);
}
