import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { type Aggregate, MAX_VALUES, type Series, type SeriesQuery, tooManyValues } from '../metrics-store.ts';
import { mean, sum } from './postgres-aggregates.ts';
import { ns } from './postgres-read.ts';

/** A value of one field of a series in one window. */
interface Value {
  seriesId: number;
  field: string;
  /** Milliseconds since 1970. */
  time: number;
  value: number | string | boolean;
}

/** With more fields than this, taking a point's JSON apart once costs less than looking each of them up in it. */
const MANY_FIELDS = 50;

/** Down-sampled in the database: a value for each window that has any. */
export async function querySeries(db: Db, query: SeriesQuery): Promise<Series[]> {
  // Series first: with their ids at hand PostgreSQL knows how few of the points they are.
  const tags = await seriesTags(db, query.robotId, query.measurement);
  const ids = [...tags.keys()];
  const values =
    query.fields.length > MANY_FIELDS ? await valuesOfMany(db, query, ids) : await valuesOfFew(db, query, ids);
  const series = new Map<string, Series>();
  for (const { seriesId, field, time, value } of values) {
    const key = `${seriesId} ${field}`;
    const one = series.get(key) ?? { field, tags: tags.get(seriesId) ?? {}, points: [] };
    one.points.push([time, value]);
    series.set(key, one);
  }
  return [...series.values()];
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

/** The offset keeps the two selects apart: a value is taken out of its JSON once, however often the aggregate mentions it. */
async function valuesOfFew(db: Db, query: SeriesQuery, ids: number[]): Promise<Value[]> {
  const { fields, fn } = query;
  const maxRows = Math.floor(MAX_VALUES / fields.length);
  const values = fields.map((field, i) => {
    const value = isOfNumbers(fn) ? sql`(fields->>${field})::float8` : sql`fields->${field}`;
    return sql`${value} as ${sql.ref(`v${i}`)}`;
  });
  const columns = fields.flatMap((_, i) => [
    sql`${aggregate(fn, sql.ref(`v${i}`))} as ${sql.ref(`f${i}`)}`,
    sql`${timeOf(query, sql.ref(`v${i}`))} as ${sql.ref(`t${i}`)}`,
  ]);
  const { rows } = await sql<Record<string, Value['value'] | null> & { series_id: number }>`
    select series_id, ${sql.join(columns)} from (
      select series_id, time, ${bucketOf(query)} as bucket, ${sql.join(values)} from metric_points
      where ${within(query, ids)}
      offset 0
    ) points
    group by series_id, bucket order by series_id, bucket limit ${maxRows + 1}`.execute(db);
  if (rows.length > maxRows) throw tooManyValues();
  const inOrder = [...Map.groupBy(rows, (row) => row.series_id)];
  return inOrder.flatMap(([seriesId, windows]) =>
    fields.flatMap((field, i) =>
      windows.flatMap((row) => {
        const value = row[`f${i}`] ?? null;
        return value === null ? [] : [{ seriesId, field, time: Number(row[`t${i}`]), value }];
      }),
    ),
  );
}

async function valuesOfMany(db: Db, query: SeriesQuery, ids: number[]): Promise<Value[]> {
  const value = isOfNumbers(query.fn) ? sql`(entry.value #>> '{}')::float8` : sql`entry.value`;
  const { rows } = await sql<{ series_id: number; at: string; field: string; value: Value['value'] }>`
    select series_id, field, ${timeOf(query, sql.ref('value'))} as at, ${aggregate(query.fn, sql.ref('value'))} as value from (
      select series_id, time, ${bucketOf(query)} as bucket, entry.key as field, ${value} as value
      from metric_points cross join lateral jsonb_each(fields) as entry
      where ${within(query, ids)} and entry.key = any(${query.fields}::text[])
      offset 0
    ) points
    group by series_id, bucket, field order by series_id, field, bucket limit ${MAX_VALUES + 1}`.execute(db);
  if (rows.length > MAX_VALUES) throw tooManyValues();
  return rows.map(({ series_id, at, ...row }) => ({ ...row, seriesId: series_id, time: Number(at) }));
}

const bucketOf = ({ everySeconds }: SeriesQuery) => sql`time / ${everySeconds * 1e9}::bigint`;
const within = ({ from, to }: SeriesQuery, ids: number[]) =>
  sql`series_id = any(${ids}::int[]) and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint`;

/** Of a window's value, in milliseconds. */
const timeOf = ({ everySeconds, times }: SeriesQuery, value: RawBuilder<unknown>) =>
  times === 'sample'
    ? sql`max(time) filter (where ${value} is not null) / 1000000`
    : sql`bucket * ${everySeconds * 1000}::bigint`;

const isOfNumbers = (fn: Aggregate) => fn !== 'last' && fn !== 'count';

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
