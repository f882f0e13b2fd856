import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface DaySummary {
  /** YYYY-MM-DD, UTC. */
  day: string;
  /** 0 to 1. */
  online_share: number | null;
  /** Percent, °C, bytes. */
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

export interface WorstHour {
  robot_id: number;
  robot: string;
  hour: Date;
  value: number;
}

const ofRobots = (ids: number[]) => sql`robot_id = any(${ids}::int[])`;

/** Days (UTC) that the range touches, for these robots together. @param from ms since 1970, like `to` */
export async function readDays(db: Db, robotIds: number[], from: number, to: number): Promise<DaySummary[]> {
  const { rows } = await sql<DaySummary>`
    select to_char(day, 'YYYY-MM-DD') as day, avg(online_share)::float8 as online_share, avg(cpu_mean) as cpu_mean, max(cpu_max) as cpu_max,
      max(memory_max) as memory_max, max(temperature_max) as temperature_max, sum(bytes_sent) as bytes_sent,
      sum(bytes_received) as bytes_received, sum(error_logs)::float8 as error_logs
    from robot_days where ${ofRobots(robotIds)}
      and day >= (to_timestamp(${from / 1000}) at time zone 'UTC')::date and day <= (to_timestamp(${(to - 1) / 1000}) at time zone 'UTC')::date
    group by day order by day`.execute(db);
  return rows;
}

/** Disks that will be full soonest first, then the fullest. */
export async function readDisks(db: Db, robotIds: number[], limit: number): Promise<DiskForecast[]> {
  const { rows } = await sql<DiskForecast>`
    select robot_id, robot, path, used_percent, days_to_full from robot_disks where ${ofRobots(robotIds)}
    order by days_to_full nulls last, used_percent desc, path limit ${limit}`.execute(db);
  return rows;
}

/** The hour with the highest value; undefined when there is none. */
export async function readWorstHour(
  db: Db,
  robotIds: number[],
  figure: 'cpu_mean' | 'temperature_max' | 'memory_max',
  from: number,
  to: number,
): Promise<WorstHour | undefined> {
  const { rows } = await sql<WorstHour>`
    select robot_id, robot, hour, ${sql.ref(figure)} as value from robot_hours
    where ${ofRobots(robotIds)} and hour >= to_timestamp(${from / 1000}) and hour < to_timestamp(${to / 1000}) and ${sql.ref(figure)} is not null
    order by ${sql.ref(figure)} desc limit 1`.execute(db);
  return rows[0];
}
