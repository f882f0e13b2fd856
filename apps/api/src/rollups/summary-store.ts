import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { activity, figures, passed } from './view-store.ts';

/** One robot's day. Percent, °C, bytes; null when unknown. */
export interface RobotDay {
  robot_id: number;
  /** Since 1970, UTC. */
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

/** Ids come from the database. */
const anyOf = (robotIds: number[]) => `any('{${robotIds.map(Math.trunc).join()}}'::int[])`;

/** @param from first and `to` last day, since 1970 */
export async function readRobotDays(db: Db, robotIds: number[], from: number, to: number): Promise<RobotDay[]> {
  if (robotIds.length === 0) return [];
  const ids = anyOf(robotIds);
  const [first, last] = [Math.trunc(from), Math.trunc(to)];
  const share = passed('to_timestamp(a.day * 86400.0)', 'to_timestamp((a.day + 1) * 86400.0)');
  const { rows } = await sql<RobotDay>`
    select a.robot_id, a.day, least(1, a.online_s / ${sql.raw(share)})::float8 as online_share, g.cpu_mean, g.cpu_max, g.memory_max,
      g.temperature_max, g.bytes_sent, g.bytes_received, a.error_logs
    from (
      select robot_id, floor(hour / 24.0)::int as day, sum(online_s) as online_s, coalesce(sum(error_logs), 0)::float8 as error_logs
      from (${sql.raw(activity(`robot_id = ${ids} and hour between ${first * 24} and ${last * 24 + 23}`))}) hours group by 1, 2
    ) a
    join robots r on r.id = a.robot_id
    left join (${sql.raw(figures('day', `s.robot_id = ${ids} and h.day between ${first} and ${last}`))}) g
      on g.robot_id = a.robot_id and g.day = a.day`.execute(db);
  return rows;
}

/** Disks that will be full soonest first, then the fullest. */
export async function readDisks(db: Db, robotIds: number[], limit: number): Promise<DiskForecast[]> {
  const { rows } = await sql<DiskForecast>`
    select robot_id, robot, path, used_percent, days_to_full from robot_disks where robot_id = any(${robotIds}::int[])
    order by days_to_full nulls last, used_percent desc, path limit ${limit}`.execute(db);
  return rows;
}

/** The hours of some robots' days. */
export async function readHoursOf(db: Db, days: { robot_id: number; day: number }[]): Promise<RobotHour[]> {
  const { rows } = await sql<RobotHour>`
    select h.robot_id, h.robot, h.hour, h.cpu_mean, h.memory_max, h.temperature_max
    from unnest(${days.map(({ robot_id }) => robot_id)}::int[], ${days.map(({ day }) => day)}::int[]) as wanted (robot_id, day)
    cross join lateral (
      select * from robot_hours
      where robot_hours.robot_id = wanted.robot_id and hour >= to_timestamp(wanted.day * 86400.0) and hour < to_timestamp((wanted.day + 1) * 86400.0)
    ) h`.execute(db);
  return rows;
}
