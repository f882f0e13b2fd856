import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { areUtcDays, type CalendarDay } from './calendar-days.ts';
import { errorLogs, type FigureColumn, figures } from './figure-columns.ts';
import { DAY_HOURS, HOUR_MS } from './rollup.ts';
import { passed } from './view-store.ts';

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

/** The hour in which a figure was highest. */
export interface WorstHour {
  robot_id: number;
  robot: string;
  hour: Date;
  value: number;
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
      select known.robot_id, ${sql.raw(dayOf('known.hour'))} as day, sum(known.online_s) as online_s,
        -- Levels are only counted where that has not been done yet, which takes longer than all the rest.
        coalesce(sum(coalesce(f.error_logs, ${sql.raw(errorLogs('known.logs'))})), 0)::float8 as error_logs
      from robot_activity known
      left join hour_figures f on f.robot_id = known.robot_id and f.hour = known.hour and ${sql.raw(hours('f.hour'))}
      where ${sql.raw(`known.robot_id = ${ids} and ${hours('known.hour')}`)} group by 1, 2
    ) a on a.robot_id = r.id and a.day = d.day
    left join (${sql.raw(ofDays)}) g on g.robot_id = r.id and g.day = d.day
    where r.id = ${sql.raw(ids)} and (a.robot_id is not null or (
      -- A day on which the robot was silent.
      r.first_write_at is not null and to_timestamp(d.finish * 3600.0) > r.created_at and to_timestamp(d.start * 3600.0) < now()))`.execute(
    db,
  );
  return rows;
}

/** Disks that will be full soonest first, then the fullest; at most `perRobot` of each robot. */
export async function readDisks(db: Db, robotIds: number[], limit: number, perRobot: number): Promise<DiskForecast[]> {
  const worst = sql`days_to_full nulls last, used_percent desc, path`;
  const { rows } = await sql<DiskForecast>`
    select robot_id, robot, path, used_percent, days_to_full from (
      select *, row_number() over (partition by robot_id order by ${worst}) as place
      from robot_disks where robot_id = any(${robotIds}::int[])
    ) disks where place <= ${perRobot} order by ${worst}, robot_id limit ${limit}`.execute(db);
  return rows;
}

const WORST = { cpu: 'cpu_mean', memory: 'memory_max', temperature: 'temperature_max' } as const;
export type WorstHours = Record<keyof typeof WORST, WorstHour | null>;

/**
 * Of hours with the same value the earliest, and of robots in it the first by name, then by id.
 * @param from hours since 1970, `to` exclusive
 */
export async function readWorstHours(db: Db, robotIds: number[], from: number, to: number): Promise<WorstHours> {
  const figures = Object.values(WORST);
  const of = (text: (column: string) => string) => figures.map((column) => `${text(column)} as ${column}`).join();
  // However many hours are equal, names are looked up for those of one hour only, each by its id.
  const worst = ([name, column]: [string, string]) => `
    (select '${name}' as name, h.robot_id, r.name as robot, h.hour, h.${column} as value
    from h cross join lateral (select name from robots where robots.id = h.robot_id limit 1) r
    where h.hour = (select ${column} from earliest) and h.${column} = (select ${column} from highest)
    order by r.name, h.robot_id limit 1)`;
  const { rows } = await sql<{
    name: keyof typeof WORST;
    robot_id: number;
    robot: string;
    hour: number;
    value: number;
  }>`
    with h as materialized (
      select robot_id, hour, ${sql.raw(figures.join())} from hour_figures
      where robot_id = ${sql.raw(anyOf(robotIds))} and hour >= ${from} and hour < ${to}
    ), highest as materialized (
      select ${sql.raw(of((column) => `max(${column})`))} from h
    ), earliest as materialized (
      select ${sql.raw(of((column) => `min(h.hour) filter (where h.${column} = highest.${column})`))} from h cross join highest
    ) ${sql.raw(Object.entries(WORST).map(worst).join(' union all '))}`.execute(db);
  const found = rows.map(({ name, hour, ...of }) => [name, { ...of, hour: new Date(hour * HOUR_MS) }] as const);
  return { cpu: null, memory: null, temperature: null, ...Object.fromEntries(found) };
}
