import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { areUtcDays, type CalendarDay } from './calendar-days.ts';
import { DAY_HOURS } from './rollup.ts';
import { activity, type FigureColumn, figures, passed } from './view-store.ts';

/** One robot's day. Percent, °C, bytes; null when unknown. */
export interface RobotDay {
  robot_id: number;
  /** Its place among the days asked for. */
  day: number;
  /** 0 to 1. */
  online_share: number | null;
  cpu_mean: number | null;
  cpu_max: number | null;
  memory_max: number | null;
  temperature_max: number | null;
  bytes_sent: number | null;
  bytes_received: number | null;
  error_logs: number;
}

export interface DiskForecast {
  robot_id: number;
  robot: string;
  path: string;
  used_percent: number;
  days_to_full: number | null;
}

export interface RobotHour {
  robot_id: number;
  robot: string;
  hour: Date;
  cpu_mean: number | null;
  memory_max: number | null;
  temperature_max: number | null;
}

/** Ids come from the database, hours are computed. */
const arrayOf = (numbers: number[]) => `'{${numbers.map(Math.trunc).join()}}'::int[]`;
const anyOf = (robotIds: number[]) => `any(${arrayOf(robotIds)})`;

const FIGURES: FigureColumn[] = [
  'cpu_mean',
  'cpu_max',
  'memory_max',
  'temperature_max',
  'bytes_sent',
  'bytes_received',
];

/** From the roll-ups of days where these are UTC's, otherwise from those of hours. @param days without gaps, in order */
export async function readRobotDays(db: Db, robotIds: number[], days: CalendarDay[]): Promise<RobotDay[]> {
  const [first, last] = [days[0], days.at(-1)];
  if (robotIds.length === 0 || !first || !last) return [];
  const ids = anyOf(robotIds);
  const starts = arrayOf(days.map(({ from }) => from));
  const hours = (column: string) => `${column} >= ${first.from} and ${column} < ${last.to}`;
  const dayOf = (hour: string) => `width_bucket(${hour}, ${starts}) - 1`;
  const ofDays = areUtcDays(days)
    ? figures('day', `s.robot_id = ${ids} and h.day >= ${first.from / DAY_HOURS} and h.day < ${last.to / DAY_HOURS}`, {
        columns: FIGURES,
        by: `h.day - ${first.from / DAY_HOURS}`,
      })
    : figures('hour', `s.robot_id = ${ids} and ${hours('h.hour')}`, {
        columns: FIGURES,
        by: dayOf('h.hour'),
        as: 'day',
      });
  const share = passed('to_timestamp(d.start * 3600.0)', 'to_timestamp(d.finish * 3600.0)');
  const { rows } = await sql<RobotDay>`
    select r.id as robot_id, d.day, coalesce(a.error_logs, 0) as error_logs, ${sql.raw(FIGURES.map((name) => `g.${name}`).join())},
      case when to_timestamp(d.finish * 3600.0) > r.created_at then least(1, coalesce(a.online_s, 0) / ${sql.raw(share)})::float8 end as online_share
    from robots r
    cross join (select place - 1 as day, start, finish from unnest(${sql.raw(starts)}, ${sql.raw(arrayOf(days.map(({ to }) => to)))})
      with ordinality as d (start, finish, place)) d
    left join (
      select robot_id, ${sql.raw(dayOf('hour'))} as day, sum(online_s) as online_s, coalesce(sum(error_logs), 0)::float8 as error_logs
      from (${sql.raw(activity(`robot_id = ${ids} and ${hours('hour')}`))}) hours group by 1, 2
    ) a on a.robot_id = r.id and a.day = d.day
    left join (${sql.raw(ofDays)}) g on g.robot_id = r.id and g.day = d.day
    where r.id = ${sql.raw(ids)} and (a.robot_id is not null or (
      -- A day on which the robot was silent.
      r.first_write_at is not null and to_timestamp(d.finish * 3600.0) > r.created_at and to_timestamp(d.start * 3600.0) < now()))`.execute(
    db,
  );
  return rows;
}

/** Disks that will be full soonest first, then the fullest. */
export async function readDisks(db: Db, robotIds: number[], limit: number): Promise<DiskForecast[]> {
  const { rows } = await sql<DiskForecast>`
    select robot_id, robot, path, used_percent, days_to_full from robot_disks where robot_id = any(${robotIds}::int[])
    order by days_to_full nulls last, used_percent desc, path limit ${limit}`.execute(db);
  return rows;
}

/** @param spans hours since 1970, `to` exclusive */
export async function readHoursOf(
  db: Db,
  spans: { robot_id: number; from: number; to: number }[],
): Promise<RobotHour[]> {
  const column = (key: 'robot_id' | 'from' | 'to') => sql`${spans.map((span) => span[key])}::int[]`;
  const { rows } = await sql<RobotHour>`
    select h.robot_id, h.robot, h.hour, h.cpu_mean, h.memory_max, h.temperature_max
    from unnest(${column('robot_id')}, ${column('from')}, ${column('to')}) as wanted (robot_id, start, finish)
    cross join lateral (
      select * from robot_hours
      where robot_hours.robot_id = wanted.robot_id and hour >= to_timestamp(wanted.start * 3600.0) and hour < to_timestamp(wanted.finish * 3600.0)
    ) h`.execute(db);
  return rows;
}
