import { type Kysely, sql } from 'kysely';

/** Times are nanoseconds since 1970 (bigint): timestamptz would round them to microseconds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table metric_series (
      id serial primary key,
      robot_id integer not null,
      measurement text not null,
      tags jsonb not null
    );
    create unique index metric_series_key on metric_series (robot_id, measurement, md5(tags::text));

    create table metric_fields (
      robot_id integer not null,
      measurement text not null,
      field text not null,
      type text not null check (type in ('float', 'integer', 'unsigned', 'boolean', 'string')),
      primary key (robot_id, measurement, field)
    );

    create table metric_points (
      series_id integer not null,
      time bigint not null,
      fields jsonb not null,
      primary key (series_id, time)
    ) partition by range (time);

    create table log_entries (
      robot_id integer not null,
      time bigint not null,
      digest text not null,
      level text,
      program text,
      message text not null,
      primary key (robot_id, time, digest)
    ) partition by range (time);
  `.execute(db);
}
