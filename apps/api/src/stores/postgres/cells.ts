import { type RawBuilder, sql } from 'kysely';
import { sumOf } from './aggregates.ts';
import { floorDivide, HOUR_NS, hourOf, int8 } from './nanoseconds.ts';

/** Of a block's hour, each with its own aggregates. */
export const SLOT_NS = 300_000_000_000n;

/** What an answer is computed from. */
export type Part = 'count' | 'sum' | 'min' | 'max' | 'last' | 'last_time';

export interface CellsQuery {
  channels: number[];
  /** The robot of each channel. */
  robotOf: number[];
  /** Nanoseconds since 1970; `to` is exclusive. */
  from: bigint;
  to: bigint;
  /** Start of window 0, at or before `from`, and the width of windows, nanoseconds. */
  origin: bigint;
  width: bigint;
  parts: Part[];
}

/**
 * Numbers by channel and window: rows of `channel`, `slot` (number of the window) and the parts. Each value counts once, wherever
 * it is kept: as it came, in a block, or where a former release left it.
 */
export function cells(query: CellsQuery): RawBuilder<unknown> {
  const { origin, width, parts } = query;
  const isOfSlots = width % SLOT_NS === 0n && origin % SLOT_NS === 0n;
  const sources = isOfSlots ? sql`${ofSlots(query)} union all ${ofValues(query, true)}` : ofValues(query, false);
  const merged = sql.join(parts.map((part) => sql`${MERGED[part]} as ${sql.ref(part)}`));
  return sql`${withRecent(query)} select channel, slot, ${merged} from (${sources}) as part group by channel, slot`;
}

/** Each number within the range once: rows of `channel`, `time`, `value`. */
export const eachValue = (query: CellsQuery): RawBuilder<unknown> =>
  sql`${withRecent(query)} select channel, time, value from (${values(query, false)}) as value`;

const withRecent = (query: CellsQuery) => sql`
  with recent as materialized (${recentValues(query)}),
  late_hours as materialized (select distinct channel, ${hourOf(sql.ref('time'))} as hour from recent)`;

/** Looking for this many channels of a robot in each row is cheaper than unfolding it; for many, it is not linear. */
const FEW_CHANNELS = 8;

/** Of the same channel and time, the value that came last. */
function recentValues({ channels, robotOf, from, to }: CellsQuery) {
  const robots = [...new Set(robotOf)];
  const isWithin = sql`r.time >= ${int8(from)} and r.time < ${int8(to)}`;
  const place = sql`array_position(r.channels, v.channel)`;
  const values =
    Math.max(...[...Map.groupBy(robotOf, (robot) => robot).values()].map(({ length }) => length)) <= FEW_CHANNELS
      ? sql`
        select v.channel, r.time, r.id, r.vals[${place}] as value
        from unnest(${channels}::int[], ${robotOf}::int[]) as v (channel, robot_id) join metric_recent r using (robot_id)
        where ${isWithin} and ${place} is not null`
      : sql`
        select v.channel, r.time, r.id, v.value
        from metric_recent r cross join lateral unnest(r.channels, r.vals) as v (channel, value)
        where r.robot_id = any(${robots}::int[]) and ${isWithin} and v.channel = any(${channels}::int[])`;
  return sql`select distinct on (channel, time) channel, time, value from (${values}) as value order by channel, time, id desc`;
}

/** Aggregates of a block's five minutes, where they lie wholly within the range and nothing came later. */
function ofSlots(query: CellsQuery) {
  const start = sql`(b.hour * ${int8(HOUR_NS)} + u.slot * ${int8(SLOT_NS)})`;
  const parts = sql.join(query.parts.map((part) => sql`u.${sql.ref(part)}`));
  return sql`
    select b.channel, ${window(query, start)} as slot, ${parts}
    from metric_blocks b cross join lateral unnest(b.slots, b.counts, b.sums, b.mins, b.maxes, b.lasts, b.last_times)
      as u (slot, count, sum, min, max, last, last_time)
    where ${blocksOf(query)} and not ${hasLater}
      and ${start} >= ${int8(query.from)} and ${start} + ${int8(SLOT_NS)} <= ${int8(query.to)}`;
}

/** @param isRest leaves out what `ofSlots` covers */
function ofValues(query: CellsQuery, isRest: boolean) {
  const parts = sql.join(query.parts.map((part) => sql`${AGGREGATES[part]} as ${sql.ref(part)}`));
  return sql`
    select channel, ${window(query, sql.ref('time'))} as slot, ${parts} from (${values(query, isRest)}) as value group by 1, 2`;
}

function values(query: CellsQuery, isRest: boolean) {
  const { from, to } = query;
  const isWithin = (time: RawBuilder<unknown>) => sql`${time} >= ${int8(from)} and ${time} < ${int8(to)}`;
  // Only the five minutes that the range cuts.
  const [firstCut, lastCut] = [(floorDivide(from, SLOT_NS) + 1n) * SLOT_NS, floorDivide(to, SLOT_NS) * SLOT_NS];
  const cut = isRest
    ? sql`(b.hour = ${hourNumber(from)} or b.hour = ${hourNumber(to)})
        and (u.time < ${int8(from % SLOT_NS === 0n ? from : firstCut)} or u.time >= ${int8(lastCut)}) and`
    : sql``;
  const ofBlocks = sql`metric_blocks b cross join lateral unnest(b.times, b.vals) as u (time, value)`;
  return sql`
      select channel, time, value from recent
      union all
      select b.channel, u.time, u.value from ${ofBlocks}
      where ${blocksOf(query)} and ${cut} ${isWithin(sql.ref('u.time'))} and not ${hasLater}
      union all
      select b.channel, u.time, u.value from ${ofBlocks}
      where ${blocksOf(query)} and ${isWithin(sql.ref('u.time'))} and ${hasLater}
        and not exists (select from recent r where r.channel = b.channel and r.time = u.time)
      union all
      select c.id, p.time, (p.fields->>c.field)::float8
      from metric_channels c join metric_points p on p.series_id = c.series_id
      where c.id = any(${query.channels}::int[]) and ${isWithin(sql.ref('p.time'))} and jsonb_typeof(p.fields->c.field) = 'number'
        and not exists (select from recent r where r.channel = c.id and r.time = p.time)`;
}

const blocksOf = ({ channels, from, to }: CellsQuery) => sql`b.channel = any(${channels}::int[])
  and b.hour >= ${hourNumber(from)} and b.hour <= ${hourNumber(to - 1n)}`;
const hasLater = sql`exists (select from late_hours o where o.channel = b.channel and o.hour = b.hour)`;
const window = ({ origin, width }: CellsQuery, time: RawBuilder<unknown>) =>
  sql`((${time} - ${int8(origin)}) / ${int8(width)})::integer`;

const hourNumber = (time: bigint) => Number(floorDivide(time, HOUR_NS));

const AGGREGATES: Record<Part, RawBuilder<unknown>> = {
  count: sql`count(*)`,
  sum: sumOf(sql`value`),
  min: sql`min(value)`,
  max: sql`max(value)`,
  last: sql`(array_agg(value order by time desc))[1]`,
  last_time: sql`max(time)`,
};
const MERGED: Record<Part, RawBuilder<unknown>> = {
  count: sql`sum(count)::float8`,
  sum: sql`sum(sum)`,
  min: sql`min(min)`,
  max: sql`max(max)`,
  last: sql`(array_agg(last order by last_time desc))[1]`,
  last_time: sql`max(last_time)`,
};
