import { sql } from 'kysely';
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
import { meanOf } from './aggregates.ts';
import { cells, type Part } from './cells.ts';
import { type Channel, listChannels } from './channels.ts';
import { floorDivide, int8, nsOf } from './nanoseconds.ts';

/** The value of one channel in one window. */
interface Value {
  channel: number;
  /** Milliseconds since 1970. */
  time: number;
  value: number | string | boolean;
}

/** Downsamples in the database; windows without values are absent. */
export async function querySeries(db: Db, query: SeriesQuery): Promise<Series[]> {
  const channels = await listChannels(db, query);
  if (channels.length === 0) return [];
  const numbers = await numberValues(db, query, channels);
  const states = query.fn === 'last' ? await stateValues(db, query, channels) : [];
  if (numbers.length + states.length > MAX_VALUES) throw tooManyValues();
  const points = new Map<number, Series['points']>(channels.map(({ id }) => [id, []]));
  for (const { channel, time, value } of [...numbers, ...states]) points.get(channel)?.push([time, value]);
  return channels.flatMap(({ id, field, tags }) => {
    const own = points.get(id) ?? [];
    return own.length > 0 ? [{ field, tags, points: own }] : [];
  });
}

const PARTS: Record<Aggregate, Part[]> = {
  mean: ['sum', 'count'],
  min: ['min'],
  max: ['max'],
  sum: ['sum'],
  count: ['count'],
  last: ['last', 'last_time'],
};

const VALUE: Record<Aggregate, ReturnType<typeof sql>> = {
  mean: meanOf(sql`sum`, sql`count`),
  min: sql`min`,
  max: sql`max`,
  sum: sql`sum`,
  count: sql`count`,
  last: sql`last`,
};

async function numberValues(db: Db, query: SeriesQuery, channels: Channel[]): Promise<Value[]> {
  const { robotId, from, to, everySeconds, fn } = query;
  const width = BigInt(Math.round(everySeconds * 1000)) * 1_000_000n;
  const first = floorDivide(nsOf(from), width);
  const asked = cells({
    ...{ channels: channels.map(({ id }) => id), robotOf: channels.map(() => robotId), from: nsOf(from), to: nsOf(to) },
    ...{ origin: first * width, width, parts: PARTS[fn] },
  });
  const isSample = query.times === 'sample';
  const { rows } = await sql<{ channel: number; slot: number; value: number; time: string | null }>`
    select channel, slot, ${VALUE[fn]} as value, ${isSample ? sql`last_time / 1000000` : sql`null::bigint`} as time
    from (${asked}) as cell order by channel, slot limit ${MAX_VALUES + 1}`.execute(db);
  if (rows.length > MAX_VALUES) throw tooManyValues();
  const start = Number(first) * everySeconds;
  return rows.map(({ channel, slot, value, time }) => ({
    ...{ channel, value },
    time: isSample ? Number(time) : (start + slot * everySeconds) * 1000,
  }));
}

/** Finds the times of the last values first, then the values, so that sorting does not carry unused texts along. */
async function stateValues(db: Db, query: SeriesQuery, channels: Channel[]): Promise<Value[]> {
  const { from, to, everySeconds } = query;
  const width = BigInt(Math.round(everySeconds * 1000)) * 1_000_000n;
  const origin = floorDivide(nsOf(from), width) * width;
  const at = query.times === 'sample' ? sql`time` : sql`(slot * ${int8(width)} + ${int8(origin)})`;
  const isWithin = sql`time >= ${int8(nsOf(from))} and time < ${int8(nsOf(to))}`;
  const { rows } = await sql<Omit<Value, 'time'> & { time: string; entries: string }>`
    with asked as (
      select id as channel, series_id, field from metric_channels where id = any(${channels.map(({ id }) => id)}::int[])
    ), newest as materialized (
      select channel, (time - ${int8(origin)}) / ${int8(width)} as slot, max(time) as time from (
        select channel, time from metric_others where channel = any(array(select channel from asked)) and ${isWithin}
          and jsonb_typeof(value) <> 'number'
        union all
        select a.channel, p.time from asked a join metric_points p using (series_id)
        where ${isWithin} and jsonb_typeof(p.fields->a.field) in ('string', 'boolean')
      ) as state group by 1, 2 limit ${MAX_VALUES + 1}
    ), found as (
      select newest.*, value, octet_length(value #>> '{}') as size from newest join asked a using (channel) cross join lateral (
        select value from metric_others o where o.channel = newest.channel and o.time = newest.time
        union all
        select p.fields->a.field from metric_points p where p.series_id = a.series_id and p.time = newest.time
        limit 1
      ) point
    )
    select channel, ${at} / 1000000 as time, value, entries from (
      select *, count(*) over () as entries, sum(size) over (order by channel, slot) - size as before from found
    ) as sized where before < ${MAX_TEXT_BYTES} order by channel, slot`.execute(db);
  const entries = Number(rows[0]?.entries ?? 0);
  if (entries > MAX_VALUES) throw tooManyValues();
  if (rows.length < entries) throw tooMuchText();
  return rows.map((row) => ({ ...row, time: Number(row.time) }));
}
