import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { HoursQuery, HourValues, LogCount } from '../metrics-store.ts';
import { sum } from './aggregates.ts';
import { ns } from './nanoseconds.ts';

const HOUR_NS = '3600000000000';
/** Rounds down before 1970, too. */
const hour = sql`((time - ((time % ${HOUR_NS}::bigint) + ${HOUR_NS}::bigint) % ${HOUR_NS}::bigint) / ${HOUR_NS}::bigint)::integer`;

export async function queryHours(db: Db, { robotId, measurements, from, to }: HoursQuery): Promise<HourValues[]> {
  const names = measurements.flatMap(({ measurement, fields }) => fields.map((field) => ({ measurement, field })));
  const { rows } = await sql<HourValues>`
    with wanted as (
      select s.id, s.measurement, array_agg(f.field) as fields from metric_series s
      join unnest(${names.map((one) => one.measurement)}::text[], ${names.map((one) => one.field)}::text[]) as f (measurement, field)
        on f.measurement = s.measurement
      where s.robot_id = ${robotId} group by s.id, s.measurement
    ), points as materialized (
      select wanted.id, time, ${hour} as hour, entry.key as field, (entry.value #>> '{}')::float8 as value
      from wanted join metric_points on series_id = wanted.id and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint
      cross join lateral jsonb_each(metric_points.fields) as entry
      where entry.key = any(wanted.fields) and jsonb_typeof(entry.value) = 'number'
    ), hours as (
      select id, field, hour, count(*)::integer as count, ${sum(sql.ref('value'))} as sum, min(value) as min, max(value) as max,
        max(time) as last_at
      from points group by 1, 2, 3
    )
    select s.measurement, hours.field, s.tags, hours.hour, hours.count, hours.sum, hours.min, hours.max, points.value as last,
      (hours.last_at / 1000000)::float8 as "lastAt"
    from hours join points on points.id = hours.id and points.field = hours.field and points.time = hours.last_at
    join metric_series s on s.id = hours.id`.execute(db);
  return rows;
}

export async function queryLogCounts(db: Db, robotId: number, from: number, to: number): Promise<LogCount[]> {
  const { rows } = await sql<LogCount>`
    select ${hour} as hour, coalesce(level, '') as level, count(*)::integer as count from log_entries
    where robot_id = ${robotId} and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint group by 1, 2`.execute(db);
  return rows;
}
