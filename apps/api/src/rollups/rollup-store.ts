import { sql } from 'kysely';
import type { Database, Db } from '../db/schema.ts';
import type { HourValues, LogCount } from '../stores/index.ts';
import { deleteFiguresOf } from './figure-store.ts';
import { DAY_HOURS, type Rollup } from './rollup.ts';

export interface HourRow extends HourValues {
  /** Growth of a counter since its previous value; null for other fields and when there is no previous value. */
  increase: number | null;
}

const ofRobot = (robotId: number) => sql`series_id in (select id from metric_series where robot_id = ${robotId})`;

/** The later of two replicas that compute the same hour has read more. */
const OVERWRITTEN = sql`count = excluded.count, sum = excluded.sum, min = excluded.min, max = excluded.max,
  last = excluded.last, last_at = excluded.last_at, increase = excluded.increase`;

export async function deleteHours(tx: Db, robotId: number, hours: number[]): Promise<void> {
  await sql`delete from rollup_hours where ${ofRobot(robotId)} and hour = any(${hours}::int[])`.execute(tx);
}

/** How many series a robot has. */
export async function countSeries(db: Db, robotId: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from metric_series where robot_id = ${robotId}`.execute(db);
  return rows[0]?.count ?? 0;
}

/**
 * Adds names of fields. Once in a transaction, before all else: another one that adds some of the same waits for it, and
 * must not be waited for.
 */
export async function insertNames(tx: Db, names: string[]): Promise<void> {
  await sql`
    insert into field_names (name) select distinct name from unnest(${names}::text[]) as name
    where not exists (select 1 from field_names known where known.name = name.name) order by 1 on conflict do nothing`.execute(
    tx,
  );
}

/** Their fields' names must be there. */
export async function insertHours(tx: Db, robotId: number, rows: HourRow[]): Promise<void> {
  if (rows.length > 0) {
    const column = <Key extends keyof HourRow>(key: Key) => rows.map((row) => row[key]);
    await sql`
      insert into rollup_hours (hour, series_id, field_id, count, sum, min, max, last, last_at, increase)
      select g.hour, s.id, f.id, g.count, g.sum, g.min, g.max, g.last, g.last_at, g.increase
      from unnest(${column('measurement')}::text[], ${rows.map(({ tags }) => JSON.stringify(tags))}::text[], ${column('field')}::text[],
        ${column('hour')}::int[], ${column('count')}::int[], ${column('sum')}::float8[], ${column('min')}::float8[],
        ${column('max')}::float8[], ${column('last')}::float8[], ${column('lastAt')}::bigint[], ${column('increase')}::float8[])
        as g (measurement, tags, field, hour, count, sum, min, max, last, last_at, increase)
      join metric_series s on s.robot_id = ${robotId} and s.measurement = g.measurement
        and md5(s.tags::text) = md5(g.tags::jsonb::text)
      join field_names f on f.name = g.field
      on conflict (series_id, field_id, hour) do update set ${OVERWRITTEN}`.execute(tx);
  }
}

/** Recomputes days from their hours. */
export async function renewDays(tx: Db, robotId: number, days: number[]): Promise<void> {
  await sql`delete from rollup_days where ${ofRobot(robotId)} and day = any(${days}::int[])`.execute(tx);
  await sql`
    insert into rollup_days (day, series_id, field_id, count, sum, min, max, last, last_at, increase)
    select day, series_id, field_id, sum(count), ${boundedSum('sum')}, min(min), max(max), (array_agg(last order by hour desc))[1],
      max(last_at), ${boundedSum('increase')}
    from unnest(${days}::int[]) as day
    join rollup_hours on hour >= day * ${DAY_HOURS} and hour < (day + 1) * ${DAY_HOURS} and ${ofRobot(robotId)}
    group by 1, 2, 3
    on conflict (series_id, field_id, day) do update set ${OVERWRITTEN}`.execute(tx);
}

/** PostgreSQL's sum fails when a double overflows. */
const BOUND = 1e303;
const boundedSum = (column: 'sum' | 'increase') => {
  const value = sql.ref(column);
  return sql`sum(greatest(least(${value}, ${BOUND}::float8), -${BOUND}::float8)) filter (where ${value} is not null)`;
};

/** Writes log counts by level for hours that have points or log entries. */
export async function replaceLogCounts(
  tx: Db,
  robotId: number,
  hours: number[],
  hasPoints: ReadonlySet<number>,
  counts: LogCount[],
): Promise<void> {
  const has = hours.map((hour) => hasPoints.has(hour));
  const byHour = Map.groupBy(counts, ({ hour }) => hour);
  const levels = hours.map((hour) => {
    const own = byHour.get(hour);
    return own ? JSON.stringify(Object.fromEntries(own.map(({ level, count }) => [level, count]))) : null;
  });
  await sql`
    insert into robot_activity as known (robot_id, hour, logs)
    select ${robotId}, hour, logs from unnest(${hours}::int[], ${levels}::jsonb[], ${has}::boolean[]) as g (hour, logs, has)
    where has or logs is not null or exists (select 1 from robot_activity a where a.robot_id = ${robotId} and a.hour = g.hour)
    on conflict (robot_id, hour) do update set logs = excluded.logs`.execute(tx);
}

/** Each counter's last value before this hour. */
export async function lastBefore(db: Db, robotId: number, measurements: readonly string[], hour: number) {
  const { rows } = await sql<{ measurement: string; tags: Record<string, string>; field: string; last: number }>`
    select s.measurement, s.tags, f.name as field, newest.last
    from metric_series s
    cross join lateral (
      select distinct on (field_id) field_id, last from rollup_hours
      where series_id = s.id and rollup_hours.hour < ${hour} and rollup_hours.hour >= ${hour - LOOK_BACK_HOURS}
      order by field_id, rollup_hours.hour desc
    ) newest join field_names f on f.id = newest.field_id
    where s.robot_id = ${robotId} and s.measurement = any(${measurements}::text[]) order by s.id, f.id`.execute(db);
  return rows;
}
const LOOK_BACK_HOURS = 31 * DAY_HOURS;

/** One window of one series and field. */
export interface RolledWindow extends Rollup {
  field: string;
  tags: Record<string, string>;
  window: number;
}

export interface RolledQuery {
  robotId: number;
  measurement: string;
  fields: string[];
  /** Hours since 1970, `to` exclusive; days where the table is of days. */
  from: number;
  to: number;
  without: number[];
  /** How many of the table's units make a window. */
  width: number;
  limit: number;
}

export async function readRolled(
  db: Db,
  unit: 'hour' | 'day',
  { robotId, measurement, fields, from, to, without, width, limit }: RolledQuery,
): Promise<RolledWindow[]> {
  const at = sql.ref(unit);
  const window = sql`floor(${at}::float8 / ${width})::int`;
  const { rows } = await sql<RolledWindow>`
    select f.name as field, s.tags, w.window, w.count, w.sum, w.min, w.max, w.last, w."lastAt"
    from (
      select series_id, field_id, ${window} as window, sum(count)::float8 as count, ${boundedSum('sum')} as sum, min(min) as min, max(max) as max,
        (array_agg(last order by last_at desc))[1] as last, max(last_at)::float8 as "lastAt"
      from ${sql.table(`rollup_${unit}s`)}
      where series_id = any(array(select id from metric_series where robot_id = ${robotId} and measurement = ${measurement}))
        and field_id = any(array(select id from field_names where name = any(${fields}::text[])))
        and ${at} >= ${from} and ${at} < ${to} and not ${at} = any(${without}::int[])
      group by 1, 2, 3 limit ${limit}
    ) w
    join metric_series s on s.id = w.series_id join field_names f on f.id = w.field_id`.execute(db);
  return rows;
}

export async function deleteActivityBefore(db: Db, hour: number): Promise<void> {
  await sql`delete from robot_activity where hour < ${hour}`.execute(db);
}

/**
 * Deletes names of fields that no robot has any more. The catalog knows a field for as long as there are roll-ups of it. The lock
 * waits for what is being rolled up, whose names would be unused until it is committed, and holds up what comes next.
 */
export async function deleteUnusedNames(db: Database): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`lock table field_names in share row exclusive mode`.execute(tx);
    await sql`
      delete from field_names where not exists (select from metric_fields where metric_fields.field = field_names.name)`.execute(
      tx,
    );
  });
}

/** Deletes everything kept for a robot. */
export async function deleteRollupsOf(db: Db, robotId: number): Promise<void> {
  await sql`delete from rollup_due where robot_id = ${robotId}`.execute(db);
  await sql`delete from rollup_hours where ${ofRobot(robotId)}`.execute(db);
  await sql`delete from rollup_days where ${ofRobot(robotId)}`.execute(db);
  await sql`delete from robot_activity where robot_id = ${robotId}`.execute(db);
  await deleteFiguresOf(db, robotId);
}
