import { type Kysely, sql } from 'kysely';

/** Hours and days of every numeric field, whichever store keeps the points, and which hours are to be computed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table field_names (
      id serial primary key,
      name text not null unique
    );

    create table rollup_hours (
      hour integer not null,
      series_id integer not null,
      field_id integer not null,
      count integer not null,
      sum float8 not null,
      min float8 not null,
      max float8 not null,
      last float8 not null,
      last_at bigint not null,
      increase float8,
      primary key (series_id, field_id, hour)
    ) partition by range (hour);
    comment on column rollup_hours.hour is 'since 1970, UTC';
    comment on column rollup_hours.last_at is 'milliseconds since 1970';
    comment on column rollup_hours.increase is 'of a counter, set-backs left out';

    create table rollup_days (
      day integer not null,
      series_id integer not null,
      field_id integer not null,
      count integer not null,
      sum float8 not null,
      min float8 not null,
      max float8 not null,
      last float8 not null,
      last_at bigint not null,
      increase float8,
      primary key (series_id, field_id, day)
    ) partition by range (day);

    create table robot_activity (
      robot_id integer not null,
      hour integer not null,
      online_s real not null default 0,
      reports integer not null default 0,
      logs jsonb,
      primary key (robot_id, hour)
    );
    create index robot_activity_hour on robot_activity (hour);
    comment on column robot_activity.logs is 'log entries by level';

    create table rollup_due (
      robot_id integer not null,
      hour integer not null,
      due_at timestamptz not null,
      marks integer not null default 1,
      primary key (robot_id, hour)
    );
    create index rollup_due_at on rollup_due (due_at);

    -- What was stored before there were roll-ups.
    insert into rollup_due (robot_id, hour, due_at)
    select robots.id, hour, now() from robots cross join lateral generate_series(
      floor(extract(epoch from greatest(created_at - interval '1 day', now() - interval '400 days')) / 3600)::int,
      floor(extract(epoch from now() + interval '1 day') / 3600)::int
    ) as hour
    where first_write_at is not null;
  `.execute(db);
}
