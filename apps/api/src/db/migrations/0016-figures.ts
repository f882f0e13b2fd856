import { type Kysely, sql } from 'kysely';

/** The figures of each robot's hours and days in one row each, and the robots whose former ones are still to be filled in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const figures = sql`
    cpu_mean float8, cpu_max float8, memory_mean float8, memory_max float8, disk_max float8,
    temperature_mean float8, temperature_max float8, load1_mean float8, bytes_received float8, bytes_sent float8,
    log_entries bigint not null, error_logs bigint not null`;
  await sql`
    create table hour_figures (
      robot_id integer not null,
      hour integer not null,
      ${figures},
      primary key (robot_id, hour)
    ) partition by range (hour);
    comment on column hour_figures.hour is 'since 1970, UTC';

    create table day_figures (
      robot_id integer not null,
      day integer not null,
      ${figures},
      primary key (robot_id, day)
    ) partition by range (day);
    comment on column day_figures.day is 'since 1970, UTC';

    create table figures_to_fill (
      robot_id integer primary key,
      before integer not null
    );
    comment on column figures_to_fill.before is 'the day, since 1970, before which figures are missing';
    create index figures_to_fill_before on figures_to_fill (before);

    insert into figures_to_fill (robot_id, before)
    select id, floor(extract(epoch from now()) / 86400)::int + 2 from robots where first_write_at is not null;
  `.execute(db);
}
