import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { type HoursQuery, type HourValues, LOG_LEVELS, type LogCount } from '../metrics-store.ts';
import { sum } from './aggregates.ts';
import { ns } from './nanoseconds.ts';

const HOUR_NS = '3600000000000';
/** Rounds down before 1970, too. */
const hour = sql`((time - ((time % ${HOUR_NS}::bigint) + ${HOUR_NS}::bigint) % ${HOUR_NS}::bigint) / ${HOUR_NS}::bigint)::integer`;

export async function queryHours(db: Db, { robotId, measurements, from, to }: HoursQuery): Promise<HourValues[]> {
  const names = measurements.flatMap(({ measurement, fields }) => fields.map((field) => ({ measurement, field })));
  const { rows } = await sql<HourValues>`
    select s.measurement, points.field, s.tags, points.hour, count(*)::integer as count, ${sum(sql.ref('value'))} as sum,
      min(value) as min, max(value) as max, (array_agg(value order by time desc))[1] as last,
      (max(time) / 1000000)::float8 as "lastAt"
    from metric_series s cross join lateral (
      select time, ${hour} as hour, wanted.field, (fields->>(wanted.field))::float8 as value
      from metric_points cross join lateral (
        select field from unnest(${names.map((one) => one.measurement)}::text[], ${names.map((one) => one.field)}::text[])
          as name (measurement, field) where name.measurement = s.measurement
      ) as wanted
      where series_id = s.id and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint
        and jsonb_typeof(fields->(wanted.field)) = 'number'
    ) as points
    where s.robot_id = ${robotId} and s.measurement = any(${measurements.map(({ measurement }) => measurement)}::text[])
    group by s.id, points.field, points.hour`.execute(db);
  return rows;
}

/** Levels are free text from the robot: all but the usual ones are counted together. */
export async function queryLogCounts(db: Db, robotId: number, from: number, to: number): Promise<LogCount[]> {
  const { rows } = await sql<LogCount>`
    select ${hour} as hour, case when level is null then '' when lower(level) = any(${LOG_LEVELS}::text[]) then lower(level) else 'other' end as level,
      count(*)::integer as count from log_entries
    where robot_id = ${robotId} and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint group by 1, 2`.execute(db);
  return rows;
}
