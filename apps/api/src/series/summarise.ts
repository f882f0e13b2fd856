import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import {
  areUtcDays,
  calendarDays,
  HOUR_MS,
  type RobotDay,
  readDisks,
  readRobotDays,
  readWorstHours,
  type WorstHour,
} from '../rollups/index.ts';

const MAX_DISKS = 20;
/** One robot with very many disks must not hide those of the others. */
const MAX_DISKS_EACH = 3;

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
  const disks = await readDisks(db, robotIds, MAX_DISKS, robotIds.length > 1 ? MAX_DISKS_EACH : MAX_DISKS);
  const worst = await readWorstHours(db, robotIds, Math.ceil(from / HOUR_MS), Math.ceil(to / HOUR_MS));
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
    worst_hours: { cpu: told(worst.cpu), memory: told(worst.memory), temperature: told(worst.temperature) },
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

const told = (worst: WorstHour | null) => worst && { ...worst, hour: worst.hour.toISOString() };
