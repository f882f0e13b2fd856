import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import {
  type Aggregate,
  MAX_TEXT_BYTES,
  MAX_VALUES,
  type Series,
  type SeriesQuery,
  tooManyValues,
  tooMuchText,
} from '../metrics-store.ts';
import { mean, sum } from './aggregates.ts';
import { ns } from './nanoseconds.ts';

/** The value of one field of a series in one window. */
interface Value {
  seriesId: number;
  field: string;
  /** Milliseconds since 1970. */
  time: number;
  value: number | string | boolean;
}

interface Aggregation extends SeriesQuery {
  fn: Exclude<Aggregate, 'last'>;
}

/** Above this number of fields, expanding a point's JSON once is cheaper than looking up each field. */
const MANY_FIELDS = 50;

/** Downsamples in the database; windows without values are absent. */
export async function querySeries(db: Db, query: SeriesQuery): Promise<Series[]> {
  // Look up the series first: given their ids, PostgreSQL's planner can estimate how few points it needs.
  const tags = await seriesTags(db, query.robotId, query.measurement);
  const ids = [...tags.keys()];
  const values = await valuesOf(db, query, ids);
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

function valuesOf(db: Db, query: SeriesQuery, ids: number[]): Promise<Value[]> {
  const { fn } = query;
  if (fn === 'last') return lastValues(db, query, ids);
  return query.fields.length > MANY_FIELDS
    ? valuesOfMany(db, { ...query, fn }, ids)
    : valuesOfFew(db, { ...query, fn }, ids);
}

/** Finds the times of the last values first, then the values, so that sorting does not carry unused texts along. */
async function lastValues(db: Db, query: SeriesQuery, ids: number[]): Promise<Value[]> {
  const at = query.times === 'sample' ? sql`time / 1000000` : sql`bucket * ${query.everySeconds * 1000}::bigint`;
  const { rows } = await sql<Omit<Value, 'time'> & { time: string; entries: string }>`
    with newest as materialized (
      select series_id, ${bucketOf(query)} as bucket, field, max(time) as time
      from metric_points cross join lateral unnest(${query.fields}::text[]) as field
      where ${within(query, ids)} and jsonb_exists(fields, field)
      group by 1, 2, 3 limit ${MAX_VALUES + 1}
    ), found as (
      select newest.*, value, pg_column_size(value) as size from newest cross join lateral (
        select p.fields->newest.field as value from metric_points p
        where p.series_id = newest.series_id and p.time = newest.time
        offset 0
      ) point
    )
    select series_id as "seriesId", field, ${at} as time, value, entries from (
      select *, count(*) over () as entries, sum(size) over (order by series_id, field, bucket) - size as before from found
    ) as sized where before < ${MAX_TEXT_BYTES} order by series_id, field, bucket`.execute(db);
  const entries = Number(rows[0]?.entries ?? 0);
  if (entries > MAX_VALUES) throw tooManyValues();
  if (rows.length < entries) throw tooMuchText();
  return rows.map((row) => ({ ...row, time: Number(row.time) }));
}

/**
 * `offset 0` keeps the selects apart, so that a value is extracted from its JSON once, however often the aggregate uses
 * it.
 */
async function valuesOfFew(db: Db, query: Aggregation, ids: number[]): Promise<Value[]> {
  const { fields, fn } = query;
  const maxRows = Math.floor(MAX_VALUES / fields.length);
  const values = fields.map((field, i) => {
    const value = isOfNumbers(fn) ? sql`(fields->>${field})::float8` : sql`fields->${field}`;
    return sql`${value} as ${sql.ref(`v${i}`)}`;
  });
  const columns = fields.map((_, i) => sql`${aggregate(fn, sql.ref(`v${i}`))} as ${sql.ref(`f${i}`)}`);
  const { rows } = await sql<Record<string, Value['value'] | null> & { series_id: number; bucket: string }>`
    select series_id, bucket, ${sql.join(columns)} from (
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
        return value === null ? [] : [{ seriesId, field, time: startOf(query, row.bucket), value }];
      }),
    ),
  );
}

async function valuesOfMany(db: Db, query: Aggregation, ids: number[]): Promise<Value[]> {
  const value = isOfNumbers(query.fn) ? sql`(entry.value #>> '{}')::float8` : sql`entry.value`;
  const { rows } = await sql<{ series_id: number; bucket: string; field: string; value: Value['value'] }>`
    select series_id, bucket, field, ${aggregate(query.fn, sql.ref('value'))} as value from (
      select series_id, time, ${bucketOf(query)} as bucket, entry.key as field, ${value} as value
      from metric_points cross join lateral jsonb_each(fields) as entry
      where ${within(query, ids)} and entry.key = any(${query.fields}::text[])
      offset 0
    ) points
    group by series_id, bucket, field order by series_id, field, bucket limit ${MAX_VALUES + 1}`.execute(db);
  if (rows.length > MAX_VALUES) throw tooManyValues();
  return rows.map(({ series_id, bucket, ...row }) => ({ ...row, seriesId: series_id, time: startOf(query, bucket) }));
}

/**
 * Number of the window since 1970, negative before. Integer division rounds towards zero, so it needs a correction
 * there.
 */
function bucketOf({ everySeconds, from }: SeriesQuery) {
  const window = sql`${everySeconds * 1e9}::bigint`;
  return from >= 0 ? sql`time / ${window}` : sql`(time - ((time % ${window}) + ${window}) % ${window}) / ${window}`;
}
const startOf = ({ everySeconds }: SeriesQuery, bucket: string) => Number(bucket) * everySeconds * 1000;
const within = ({ from, to }: SeriesQuery, ids: number[]) =>
  sql`series_id = any(${ids}::int[]) and time >= ${ns(from)}::bigint and time < ${ns(to)}::bigint`;

const isOfNumbers = (fn: Aggregate) => fn !== 'count';

function aggregate(fn: Exclude<Aggregate, 'last'>, value: RawBuilder<unknown>) {
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
  }
}
