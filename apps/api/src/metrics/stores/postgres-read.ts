import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { AppError } from '../../errors.ts';
import { decodeCursor, page } from '../../http/pagination.ts';
import type { Latest } from '../../robots/schemas.ts';
import type { FieldType } from '../field-value.ts';
import type { Aggregate, LogQuery, Measurement, Series, SeriesQuery } from '../metrics-store.ts';

const NUMERIC: FieldType[] = ['float', 'integer', 'unsigned'];
const ns = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);

export async function queryMeasurements(db: Db, robotId: number): Promise<Measurement[]> {
  const rows = await db
    .selectFrom('metric_fields')
    .select(['measurement', 'field', 'type'])
    .where('robot_id', '=', robotId)
    .where('measurement', '<>', 'syslog')
    .orderBy('measurement')
    .orderBy('field')
    .execute();
  const byName = Map.groupBy(rows, (row) => row.measurement);
  return [...byName].map(([measurement, fields]) => ({
    measurement,
    fields: fields.map(({ field, type }) => ({ field, type: type as FieldType })),
  }));
}

/** Down-sampled in the database: a value for each window that has any. Text and booleans have no mean: only last and count. */
export async function querySeries(db: Db, query: SeriesQuery): Promise<Series[]> {
  const { robotId, measurement, from, to, everySeconds, fn } = query;
  const known = (await queryMeasurements(db, robotId)).find((m) => m.measurement === measurement)?.fields ?? [];
  const fields = known.filter(
    ({ field, type }) =>
      (query.fields.length === 0 || query.fields.includes(field)) &&
      (NUMERIC.includes(type) || fn === 'last' || fn === 'count'),
  );
  if (fields.length === 0) return [];
  const window = everySeconds * 1e9;
  const columns = fields.map(({ field }, i) => sql`${aggregate(fn, field)} as ${sql.ref(`f${i}`)}`);
  const { rows } = await sql<Record<string, number | string | boolean | null> & { series_id: number; bucket: string }>`
    select series_id, floor(time / ${window}::numeric)::bigint as bucket, ${sql.join(columns)} from metric_points
    where series_id = any(array(select id from metric_series where robot_id = ${robotId} and measurement = ${measurement}))
      and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint
    group by series_id, bucket order by series_id, bucket`.execute(db);
  const tags = await seriesTags(db, robotId, measurement);
  const bySeries = Map.groupBy(rows, (row) => row.series_id);
  return [...bySeries].flatMap(([id, windows]) =>
    fields.flatMap(({ field }, i) => {
      const points = windows
        .filter((row) => row[`f${i}`] !== null)
        .map((row): Series['points'][number] => [
          Number(row.bucket) * everySeconds * 1000,
          row[`f${i}`] as number | string | boolean,
        ]);
      return points.length > 0 ? [{ field, tags: tags.get(id) ?? {}, points }] : [];
    }),
  );
}

function aggregate(fn: Aggregate, field: string) {
  const value = sql`(fields->>${field})::float8`;
  switch (fn) {
    case 'mean':
      return sql`avg(${value})`;
    case 'min':
      return sql`min(${value})`;
    case 'max':
      return sql`max(${value})`;
    case 'sum':
      return sql`sum(${value})`;
    case 'count':
      return sql`nullif(count(*) filter (where fields ? ${field}), 0)::integer`;
    case 'last':
      return sql`(array_agg(fields->${field} order by time desc) filter (where fields ? ${field}))[1]`;
  }
}

async function seriesTags(db: Db, robotId: number, measurement: string): Promise<Map<number, Record<string, string>>> {
  const rows = await db
    .selectFrom('metric_series')
    .select(['id', 'tags'])
    .where('robot_id', '=', robotId)
    .where('measurement', '=', measurement)
    .execute();
  return new Map(rows.map((row) => [row.id, row.tags as Record<string, string>]));
}

export async function queryLogs(db: Db, { robotId, from, to, level, program, q, limit, cursor }: LogQuery) {
  let query = db
    .selectFrom('log_entries')
    .select(['time', 'digest', 'level', 'program', 'message'])
    .where('robot_id', '=', robotId)
    .where('time', '>=', ns(from))
    .where('time', '<', ns(to))
    .orderBy('time', 'desc')
    .orderBy('digest', 'desc')
    .limit(limit + 1);
  if (level?.length) query = query.where('level', 'in', level);
  if (program) query = query.where('program', '=', program);
  if (q) query = query.where('message', 'ilike', `%${q.replace(/[\\%_]/g, '\\$&')}%`);
  const keys = decodeCursor(cursor);
  if (keys) {
    const [time, digest] = keys;
    if (typeof digest !== 'string' || !/^-?\d{1,19}$/.test(String(time)))
      throw new AppError('validation_failed', 'cursor is not one that a former page gave. Start again without it.');
    query = query.where(sql<boolean>`(time, digest) < (${String(time)}::bigint, ${digest})`);
  }
  const { items, next_cursor } = page(
    await query.execute(),
    limit,
    (row) => row.time,
    (row) => row.digest,
  );
  return {
    items: items.map(({ digest: _, ...entry }) => ({ ...entry, time: rfc3339(BigInt(entry.time)) })),
    next_cursor,
  };
}

/** RFC 3339 with the nanoseconds that a Date cannot hold. */
function rfc3339(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(time % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0{3,6}$/, '')}Z`;
}

export async function queryLatest(db: Db, robotIds: number[]): Promise<Map<number, Latest>> {
  const { rows } = await sql<{
    robot_id: number;
    measurement: string;
    tags: Record<string, string>;
    fields: Record<string, number>[];
  }>`
    select s.robot_id, s.measurement, s.tags, p.fields from metric_series s cross join lateral (
      select jsonb_agg(fields order by time desc) as fields from (
        select time, fields from metric_points where series_id = s.id and time > ${ns(Date.now() - 3_600_000)}::bigint order by time desc limit 3
      ) newest
    ) p
    where s.robot_id = any(${robotIds}) and p.fields is not null
      and (s.measurement in ('mem', 'disk', 'temp', 'system') or (s.measurement = 'cpu' and coalesce(s.tags->>'cpu', 'cpu-total') = 'cpu-total'))
  `.execute(db);
  return new Map([...Map.groupBy(rows, (row) => row.robot_id)].map(([id, series]) => [id, figures(series)]));
}

function figures(
  series: { measurement: string; tags: Record<string, string>; fields: Record<string, number>[] }[],
): Latest {
  // Telegraf's `system` comes in several points of slightly different times: take each field where it is newest.
  const values = (measurement: string, field: string) =>
    series
      .filter((s) => s.measurement === measurement)
      .flatMap((s) => {
        const value = s.fields.map((fields) => fields[field]).find((v) => typeof v === 'number');
        return value === undefined ? [] : [{ value, root: s.tags.path === '/' }];
      });
  const first = (measurement: string, field: string) => values(measurement, field)[0]?.value ?? null;
  const highest = (all: { value: number }[]) => (all.length > 0 ? Math.max(...all.map(({ value }) => value)) : null);
  const idle = first('cpu', 'usage_idle');
  const disks = values('disk', 'used_percent');
  return {
    cpu_percent: idle === null ? null : Math.round((100 - idle) * 100) / 100,
    memory_percent: first('mem', 'used_percent'),
    disk_percent: disks.find((disk) => disk.root)?.value ?? highest(disks),
    temperature_c: highest(values('temp', 'temp')),
    load1: first('system', 'load1'),
    uptime_s: first('system', 'uptime'),
  };
}
