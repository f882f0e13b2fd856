import { type HoursQuery, type HourValues, LOG_LEVELS, type LogCount } from '../metrics-store.ts';
import { NUMBERS, SUM } from './aggregates.ts';
import type { ClickHouse } from './client.ts';
import { joined, nsOf, sql } from './query-text.ts';
import { tagsOf } from './series-tags.ts';

const HOUR_NS = 3_600_000_000_000n;
type Row = [measurement: string, field: string, tags: string, hour: string, count: string, ...values: number[]];

export async function queryHours(
  db: ClickHouse,
  { robotId, measurements, from, to }: HoursQuery,
  signal: AbortSignal,
): Promise<HourValues[]> {
  const asked = measurements.filter(({ fields }) => fields.length > 0);
  if (asked.length === 0) return [];
  const wanted = asked.map(({ measurement, fields }) => sql`(measurement = ${measurement} and field in (${fields}))`);
  const rows = await db.rows<Row>(
    sql`select measurement, field, tags, toString(intDiv(time, ${HOUR_NS}) as place), toString(count()),
        ${SUM}, min(num), max(num), argMax(num, time), toFloat64(intDiv(max(time), 1000000))
      from points final where robot_id = ${robotId} and (${joined(wanted, ' or ')}) and ${NUMBERS}
        and time >= ${nsOf(from)} and time < ${nsOf(to)}
      group by measurement, field, tags, place`,
    signal,
  );
  return rows.map(([measurement, field, tags, hour, count, sum = 0, min = 0, max = 0, last = 0, lastAt = 0]) => ({
    ...{ measurement, field, tags: tagsOf(tags), hour: Number(hour), count: Number(count) },
    ...{ sum, min, max, last, lastAt },
  }));
}

/** Levels are free text from the robot: all but the usual ones are counted together. */
export async function queryLogCounts(
  db: ClickHouse,
  robotId: number,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<LogCount[]> {
  const rows = await db.rows<[hour: string, level: string, count: string]>(
    sql`select toString(intDiv(time, ${HOUR_NS}) as place),
        multiIf(level = '', '', lowerUTF8(level) in (${LOG_LEVELS}), lowerUTF8(level), 'other') as name, toString(count())
      from logs final where robot_id = ${robotId} and time >= ${nsOf(from)} and time < ${nsOf(to)} group by place, name`,
    signal,
  );
  return rows.map(([hour, level, count]) => ({ hour: Number(hour), level, count: Number(count) }));
}
