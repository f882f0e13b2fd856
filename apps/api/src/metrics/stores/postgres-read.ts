import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { decodeCursor, MAX, page, textKey, wholeKey } from '../../http/pagination.ts';
import type { Latest } from '../../robots/schemas.ts';
import { figures } from '../latest-figures.ts';
import { rfc3339 } from '../log-time.ts';
import type { Aggregate, LogQuery, Series, SeriesQuery } from '../metrics-store.ts';
import { mean, sum } from './postgres-aggregates.ts';

const ns = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);

/** Down-sampled in the database: a value for each window that has any. */
export async function querySeries(db: Db, query: SeriesQuery): Promise<Series[]> {
  const { robotId, measurement, fields, from, to, everySeconds, fn } = query;
  const window = everySeconds * 1e9;
  // Series first: with their ids at hand PostgreSQL knows how few of the points they are. The offset keeps the two selects
  // apart, so that a value is taken out of its JSON once, however often the aggregate mentions it.
  const tags = await seriesTags(db, robotId, measurement);
  const values = fields.map((field, i) => sql`${valueFor(fn, field)} as ${sql.ref(`v${i}`)}`);
  const columns = fields.map((_, i) => sql`${aggregate(fn, sql.ref(`v${i}`))} as ${sql.ref(`f${i}`)}`);
  const { rows } = await sql<Record<string, number | string | boolean | null> & { series_id: number; bucket: string }>`
    select series_id, bucket, ${sql.join(columns)} from (
      select series_id, time, time / ${window}::bigint as bucket, ${sql.join(values)} from metric_points
      where series_id = any(${[...tags.keys()]}::int[])
        and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint
      offset 0
    ) points
    group by series_id, bucket order by series_id, bucket`.execute(db);
  const bySeries = Map.groupBy(rows, (row) => row.series_id);
  return [...bySeries].flatMap(([id, windows]) =>
    fields.flatMap((field, i) => {
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

const valueFor = (fn: Aggregate, field: string) =>
  fn === 'last' || fn === 'count' ? sql`fields->${field}` : sql`(fields->>${field})::float8`;

function aggregate(fn: Aggregate, value: RawBuilder<unknown>) {
  switch (fn) {
    case 'mean':
      return mean(value);
    case 'min':
      return sql`min(${value})`;
    case 'max':
      return sql`max(${value})`;
    case 'sum':
      return sum(value);
    case 'count':
      return sql`nullif(count(${value}), 0)::integer`;
    case 'last':
      return sql`(array_agg(${value} order by time desc) filter (where ${value} is not null))[1]`;
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
    const [time, digest] = [wholeKey(keys[0], MAX.bigint), textKey(keys[1])];
    query = query.where(sql<boolean>`(time, digest) < (${time}::bigint, ${digest})`);
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
  return new Map(
    [...Map.groupBy(rows, (row) => row.robot_id)].map(([id, series]) => [id, figures(series.map(newestFields))]),
  );
}

/** Telegraf's `system` comes in several points of slightly different times: each field where it is newest. */
function newestFields({
  measurement,
  tags,
  fields,
}: {
  measurement: string;
  tags: Record<string, string>;
  fields: object[];
}) {
  return { measurement, tags, fields: Object.assign({}, ...fields.toReversed()) as Record<string, unknown> };
}
