import { type Kysely, sql } from 'kysely';

/**
 * Points as typed values: new ones in rows of one robot and time, older ones in blocks of one field and hour.
 * metric_points keeps what a former release stored until it has been moved.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table metric_channels (
      id serial primary key,
      series_id integer not null references metric_series (id) on delete cascade,
      field text not null,
      unique (series_id, field)
    );
    comment on table metric_channels is 'one field of one series';

    create table metric_recent (
      robot_id integer not null,
      time bigint not null,
      id bigserial,
      channels integer[] not null,
      vals float8[] not null,
      primary key (robot_id, time, id)
    );
    comment on table metric_recent is 'numbers as they came; of two with the same channel and time the later id counts';

    create table metric_blocks (
      channel integer not null,
      hour integer not null,
      times bigint[] not null,
      vals float8[] not null,
      slots smallint[] not null,
      counts integer[] not null,
      sums float8[] not null,
      mins float8[] not null,
      maxes float8[] not null,
      lasts float8[] not null,
      last_times bigint[] not null,
      primary key (channel, hour)
    ) partition by range (hour);
    comment on column metric_blocks.times is 'ascending, nanoseconds since 1970; vals in the same order';
    comment on column metric_blocks.slots is 'five minutes of the hour that have values, ascending; what follows in the same order';

    create table metric_others (
      channel integer not null,
      time bigint not null,
      value jsonb not null,
      primary key (channel, time)
    ) partition by range (time);
    comment on table metric_others is 'texts and booleans, and integers that a double does not hold exactly';

    insert into metric_channels (series_id, field)
    select s.id, f.field from metric_series s join metric_fields f using (robot_id, measurement)
    -- Series times fields; of a robot with very many, only those that have points get channels, when these are moved.
    where s.robot_id not in (
      select robot_id from (select robot_id, measurement, count(*) as n from metric_series group by 1, 2) series
      join (select robot_id, measurement, count(*) as n from metric_fields group by 1, 2) fields using (robot_id, measurement)
      group by 1 having sum(series.n * fields.n) > 50000
    )
    order by 1, 2;
  `.execute(db);
}
