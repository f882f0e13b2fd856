import { type Kysely, sql } from 'kysely';

/** What each robot says about the computer that it runs on: the newest of what its agent sends once an hour. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table robot_inventories (
      robot_id integer primary key references robots (id) on delete cascade,
      model varchar(256),
      os varchar(256),
      kernel varchar(256),
      agent varchar(256),
      serial varchar(256),
      at timestamptz not null,
      since timestamptz not null
    );
    comment on column robot_inventories.serial is 'of the disk that holds the root';
    comment on column robot_inventories.at is 'when it was last reported';
    comment on column robot_inventories.since is 'since when the same has been reported';
  `.execute(db);
}
