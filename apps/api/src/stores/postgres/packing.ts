import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../caches/up-to.ts';
import { lockRobot } from '../../db/locks.ts';
import type { RangePartitions } from '../../db/range-partitions.ts';
import type { Database } from '../../db/schema.ts';
import { sumOf } from './aggregates.ts';
import { SLOT_NS } from './cells.ts';
import { floorDivide, HOUR_NS, int8, nsOf } from './nanoseconds.ts';
import type { Partitions } from './partitions.ts';

export interface PackingDeps {
  db: Database;
  blocks: RangePartitions;
  others: Partitions;
}

/** After its end an hour still gets points from robots that send late. */
const GRACE_MS = 600_000;
/** An hour with more values than this is left as it came: its blocks would not fit the memory of a small computer. */
const MAX_VALUES = 2_000_000;
/** Before an hour is tried again. */
const AFTER_FAILURE_MS = 3_600_000;
/** Pauses, as a multiple of the time that the work before took, leave most of the database to others. */
const PAUSE = 2;
const MAX_PAUSE_MS = 5_000;

/** Packs every robot's whole hours into blocks, the oldest first. One robot's failure does not stop the others. */
export class Packer {
  #deps: PackingDeps;
  /** Hours that failed or are too large, by robot. */
  #left = new LRUCache<string, true>({ ...upTo(10_000), ttl: AFTER_FAILURE_MS });

  constructor(deps: PackingDeps) {
    this.#deps = deps;
  }

  /** @throws AggregateError of the failures */
  async run(signal: AbortSignal): Promise<void> {
    const end = firstUnpackedHour(Date.now());
    const { rows } = await sql<{ id: number }>`
      select id from robots where exists (
        select from metric_recent r where r.robot_id = robots.id and r.time < ${int8(end * HOUR_NS)}
      ) order by id`.execute(this.#deps.db);
    const troubles: unknown[] = [];
    for (const { id } of rows) {
      try {
        await this.#packRobot(id, end, signal);
      } catch (error) {
        troubles.push(error);
      }
      if (signal.aborted) return;
    }
    if (troubles.length > 0)
      throw new AggregateError(troubles, `hours of ${troubles.length} robots could not be packed`);
  }

  async #packRobot(robotId: number, end: bigint, signal: AbortSignal): Promise<void> {
    const { db } = this.#deps;
    for (let hour = await nextHour(db, robotId, undefined, end); hour !== undefined && !signal.aborted; ) {
      const started = performance.now();
      const key = `${robotId} ${hour}`;
      if (!this.#left.has(key)) {
        this.#left.set(key, true);
        if ((await countValues(db, robotId, Number(hour))) <= MAX_VALUES) {
          await packHour(this.#deps, robotId, Number(hour));
          this.#left.delete(key);
        }
      }
      hour = await nextHour(db, robotId, hour + 1n, end);
      const pause = Math.min(MAX_PAUSE_MS, (performance.now() - started) * PAUSE);
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
}

/** Hours before it are packed, or soon will be. @param now ms since 1970 */
export const firstUnpackedHour = (now: number) => floorDivide(nsOf(now - GRACE_MS), HOUR_NS);

/** The first hour from `first` on, and before `end`, that has rows to pack. */
async function nextHour(db: Database, robotId: number, first: bigint | undefined, end: bigint) {
  const { rows } = await sql<{ time: string | null }>`
    select min(time) as time from metric_recent
    where robot_id = ${robotId} and time < ${int8(end * HOUR_NS)} and ${first === undefined ? sql`true` : sql`time >= ${int8(first * HOUR_NS)}`}`.execute(
    db,
  );
  const time = rows[0]?.time;
  return time ? floorDivide(BigInt(time), HOUR_NS) : undefined;
}

/**
 * Moves a robot's numbers of one hour into a block for each channel, those that a former release stored as well. One
 * statement, so that every read finds each of them once.
 * @param hour since 1970
 */
export async function packHour({ db, blocks, others }: PackingDeps, robotId: number, hour: number): Promise<void> {
  await blocks.ensure([hour]);
  const from = BigInt(hour) * HOUR_NS;
  await others.ensure([from]);
  const isWithin = sql`time >= ${int8(from)} and time < ${int8(from + HOUR_NS)}`;
  await db.transaction().execute(async (tx) => {
    await lockRobot(tx, 'pack points', robotId);
    // A replica of a former release knows no channels, and may add fields until it is stopped.
    await sql`
      insert into metric_channels (series_id, field)
      select distinct p.series_id, field from metric_points p cross join lateral jsonb_object_keys(p.fields) as field
      where p.series_id = any(array(select id from metric_series where robot_id = ${robotId})) and ${isWithin}
      order by 1, 2 on conflict do nothing`.execute(tx);
    await sql`
      with taken as (
        delete from metric_recent where robot_id = ${robotId} and ${isWithin} returning id, time, channels, vals
      ), former as (
        delete from metric_points
        where series_id = any(array(select id from metric_series where robot_id = ${robotId})) and ${isWithin}
        returning series_id, time, fields
      ), former_values as (
        select c.id as channel, f.time, f.fields->c.field as value
        from former f join metric_channels c on c.series_id = f.series_id where jsonb_exists(f.fields, c.field)
      ), former_others as (
        insert into metric_others (channel, time, value)
        select channel, time, value from former_values
        where jsonb_typeof(value) <> 'number' or abs((value #>> '{}')::numeric) > ${MAX_EXACT} and (value #>> '{}')::numeric % 1 = 0
        on conflict do nothing
      ), fresh as (
        select v.channel, t.time, t.id, v.value from taken t cross join lateral unnest(t.channels, t.vals) as v (channel, value)
        union all
        select channel, time, 0, (value #>> '{}')::float8 from former_values where jsonb_typeof(value) = 'number'
      ), kept as (
        select b.channel, u.time, -1::bigint as id, u.value from metric_blocks b cross join lateral unnest(b.times, b.vals) as u (time, value)
        where b.hour = ${hour} and b.channel = any(array(select distinct channel from fresh))
      ), each as (
        select distinct on (channel, time) channel, time, value from (select * from fresh union all select * from kept) as value
        order by channel, time, id desc
      ), slots as (
        select channel, ((time - ${int8(from)}) / ${int8(SLOT_NS)})::smallint as slot, count(*)::integer as count,
          ${sumOf(sql.ref('value'))} as sum, min(value) as min, max(value) as max,
          (array_agg(value order by time desc))[1] as last, max(time) as last_time
        from each group by 1, 2
      )
      insert into metric_blocks (channel, hour, times, vals, slots, counts, sums, mins, maxes, lasts, last_times)
      select * from (
        select channel, ${hour}::integer, array_agg(time order by time), array_agg(value order by time) from each group by 1
      ) as whole join (
        select channel, array_agg(slot order by slot), array_agg(count order by slot), array_agg(sum order by slot), array_agg(min order by slot),
          array_agg(max order by slot), array_agg(last order by slot), array_agg(last_time order by slot)
        from slots group by 1
      ) as five_minutes using (channel)
      on conflict (channel, hour) do update set times = excluded.times, vals = excluded.vals, slots = excluded.slots,
        counts = excluded.counts, sums = excluded.sums, mins = excluded.mins, maxes = excluded.maxes, lasts = excluded.lasts,
        last_times = excluded.last_times`.execute(tx);
  });
}

/** Of a robot's hour, packed or not. */
async function countValues(db: Database, robotId: number, hour: number): Promise<number> {
  const from = BigInt(hour) * HOUR_NS;
  const { rows } = await sql<{ count: string }>`
    select coalesce((
      select sum(cardinality(channels)) from metric_recent
      where robot_id = ${robotId} and time >= ${int8(from)} and time < ${int8(from + HOUR_NS)}
    ), 0) + coalesce((
      select sum((select sum(count) from unnest(b.counts) as count))
      from metric_series s join metric_channels c on c.series_id = s.id join metric_blocks b on b.channel = c.id
      where s.robot_id = ${robotId} and b.hour = ${hour}
    ), 0) as count`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/** Largest integer up to which a double holds every one. */
const MAX_EXACT = String(Number.MAX_SAFE_INTEGER);
