import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { type HoursQuery, type HourValues, LOG_LEVELS, type LogCount } from '../metrics-store.ts';
import { cells } from './cells.ts';
import { floorDivide, HOUR_NS, hourOf, ns, nsOf } from './nanoseconds.ts';

export async function queryHours(db: Db, { robotId, measurements, from, to }: HoursQuery): Promise<HourValues[]> {
  const names = measurements.flatMap(({ measurement, fields }) => fields.map((field) => ({ measurement, field })));
  const channels = await channelsOf(db, robotId, names);
  if (channels.size === 0) return [];
  const first = floorDivide(nsOf(from), HOUR_NS);
  const asked = cells({
    ...{ channels: [...channels.keys()], robotOf: Array(channels.size).fill(robotId), from: nsOf(from), to: nsOf(to) },
    ...{ origin: first * HOUR_NS, width: HOUR_NS, parts: ['count', 'sum', 'min', 'max', 'last', 'last_time'] },
  });
  const { rows } = await sql<Omit<HourValues, keyof Named | 'hour'> & { channel: number; slot: number }>`
    select channel, slot, count, sum, min, max, last, (last_time / 1000000)::float8 as "lastAt" from (${asked}) as cell`.execute(
    db,
  );
  return rows.map(({ channel, slot, ...values }) => ({
    ...(channels.get(channel) as Named),
    ...values,
    hour: Number(first) + slot,
  }));
}

interface Named {
  measurement: string;
  field: string;
  tags: Record<string, string>;
}

async function channelsOf(db: Db, robotId: number, names: { measurement: string; field: string }[]) {
  const { rows } = await sql<Named & { id: number }>`
    select c.id, s.measurement, c.field, s.tags
    from unnest(${names.map(({ measurement }) => measurement)}::text[], ${names.map(({ field }) => field)}::text[]) as name (measurement, field)
    join metric_series s on s.robot_id = ${robotId} and s.measurement = name.measurement
    join metric_channels c on c.series_id = s.id and c.field = name.field`.execute(db);
  return new Map(rows.map(({ id, ...named }) => [id, named]));
}

/** Levels are free text from the robot: all but the usual ones are counted together. */
export async function queryLogCounts(db: Db, robotId: number, from: number, to: number): Promise<LogCount[]> {
  const { rows } = await sql<LogCount>`
    select ${hourOf(sql.ref('time'))} as hour, case when level is null then '' when lower(level) = any(${LOG_LEVELS}::text[]) then lower(level) else 'other' end as level,
      count(*)::integer as count from log_entries
    where robot_id = ${robotId} and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint group by 1, 2`.execute(db);
  return rows;
}
