import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import {
  areUtcDays,
  calendarDays,
  type RobotDay,
  type RobotHour,
  readDisks,
  readHoursOf,
  readRobotDays,
} from '../rollups/index.ts';

const MAX_DISKS = 20;
/** The worst hour is looked for in this many of the worst days. */
const WORST_DAYS = 10;

type Known<Row> = { [Key in keyof Row]: Row[Key] extends number | null ? Key : never }[keyof Row];

/** Days of a zone are put together from 24 times as many rows: about a second for 2,000 on a busy machine. */
const MAX_ZONE_DAYS = 2_000;

/**
 * Summary of a period for these robots together, by the days of a time zone. @param range ms since 1970, and an IANA zone
 * @throws AppError validation_failed when that is too many days of too many robots
 */
export async function summarise(
  db: Db,
  robotIds: number[],
  { from, to, zone }: { from: number; to: number; zone: string },
) {
  const calendar = calendarDays(zone, from, to);
  if (!areUtcDays(calendar) && robotIds.length * calendar.length > MAX_ZONE_DAYS)
    throw new AppError(
      'validation_failed',
      `${robotIds.length} robots over ${calendar.length} days are too many for the days of ${zone}, which are put together from hours. ` +
        `Ask for at most ${Math.floor(MAX_ZONE_DAYS / robotIds.length)} days, or for those of UTC.`,
    );
  const robotDays = await readRobotDays(db, robotIds, calendar);
  const disks = await readDisks(db, robotIds, MAX_DISKS);
  const worstDays = (['cpu_max', 'memory_max', 'temperature_max'] as const).flatMap((key) =>
    descending(robotDays, key).slice(0, WORST_DAYS),
  );
  const spans = [...new Set(worstDays)].flatMap(({ robot_id, day }) => {
    const of = calendar[day];
    return of ? [{ robot_id, from: of.from, to: of.to }] : [];
  });
  const hours = (await readHoursOf(db, spans)).filter(({ hour }) => +hour >= from && +hour < to);
  const days = [...Map.groupBy(robotDays, ({ day }) => day)].sort(([a], [b]) => a - b);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    online_share: meanOf(robotDays, 'online_share'),
    days: days.map(([day, of]) => ({
      day: calendar[day]?.date ?? '',
      online_share: meanOf(of, 'online_share'),
      cpu_mean: meanOf(of, 'cpu_mean'),
      cpu_max: maxOf(of, 'cpu_max'),
      memory_max: maxOf(of, 'memory_max'),
      temperature_max: maxOf(of, 'temperature_max'),
      disk: day === days.at(-1)?.[0] ? disks : [],
      bytes_sent: sumOf(of, 'bytes_sent'),
      bytes_received: sumOf(of, 'bytes_received'),
      error_logs: sumOf(of, 'error_logs') ?? 0,
    })),
    worst_hours: {
      cpu: worstOf(hours, 'cpu_mean'),
      memory: worstOf(hours, 'memory_max'),
      temperature: worstOf(hours, 'temperature_max'),
    },
  };
}

const valuesOf = (rows: RobotDay[], key: Known<RobotDay>) => rows.flatMap((row) => row[key] ?? []);
const maxOf = (rows: RobotDay[], key: Known<RobotDay>) =>
  valuesOf(rows, key).reduce<number | null>((max, value) => (max === null || value > max ? value : max), null);
const sumOf = (rows: RobotDay[], key: Known<RobotDay>) =>
  valuesOf(rows, key).reduce<number | null>((sum, value) => (sum ?? 0) + value, null);

/** Each value's share is added, so that huge values do not overflow. */
function meanOf(rows: RobotDay[], key: Known<RobotDay>): number | null {
  const values = valuesOf(rows, key);
  return values.length > 0 ? values.reduce((sum, value) => sum + value / values.length, 0) : null;
}

function descending<Row>(rows: Row[], key: keyof Row): Row[] {
  return rows.filter((row) => row[key] !== null).sort((a, b) => Number(b[key]) - Number(a[key]));
}

function worstOf(hours: RobotHour[], key: 'cpu_mean' | 'memory_max' | 'temperature_max') {
  const worst = descending(hours, key)[0];
  if (!worst) return null;
  const { robot_id, robot, hour } = worst;
  return { robot_id, robot, hour: hour.toISOString(), value: worst[key] as number };
}
