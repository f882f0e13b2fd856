import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { NewestValue } from '../../figures/index.ts';
import type { NewestQuery } from '../metrics-store.ts';
import { floorDivide, HOUR_NS, int8, nsOf } from './nanoseconds.ts';
import { firstUnpackedHour } from './packing.ts';
import { type SelectedChannel, selectedChannels } from './selected-channels.ts';

/** A robot's last rows have nearly all of its channels. */
const USUAL_ROWS = 2;
/** How far back the others are looked for; a robot that sends very much must not hold up the fleet. */
const MAX_ROWS = 2_000;
const MAX_BYTES = 200_000;

/**
 * Reads each robot's last rows; only for channels in use that these do not have, it goes further back, and into blocks.
 */
export async function queryNewest(db: Db, { robotIds, selectors, since }: NewestQuery): Promise<NewestValue[]> {
  const channels = await selectedChannels(db, robotIds, selectors);
  if (channels.size === 0) return [];
  const all = [...channels.values()];
  const after = int8(nsOf(since));
  // Older values may be in blocks, or have come late while newer ones are in blocks.
  const unpacked = int8(firstUnpackedHour(Date.now()) * HOUR_NS);
  const { rows } = await sql<{ channel: number; value: number; time: number }>`
    with wanted (channel, robot_id, is_in_use) as materialized (
      select * from unnest(${all.map(({ id }) => id)}::int[], ${all.map(({ robotId }) => robotId)}::int[], ${all.map(({ isInUse }) => isInUse)}::boolean[])
    ), usual as materialized (
      select distinct on (v.channel) v.channel, r.time, v.value
      from unnest(${[...new Set(all.map(({ robotId }) => robotId))]}::int[]) as robot (id)
      cross join lateral (
        select time, id, channels, vals from metric_recent where robot_id = robot.id and time > ${after}
        order by time desc, id desc limit ${USUAL_ROWS}
      ) as r cross join lateral unnest(r.channels, r.vals) as v (channel, value)
      where v.channel = any(${[...channels.keys()]}::int[])
      order by v.channel, r.time desc, r.id desc
    ), missing as materialized (
      select * from wanted
      where is_in_use and not exists (select from usual u where u.channel = wanted.channel and u.time >= ${unpacked})
    ), further as materialized (
      select distinct on (v.channel) v.channel, r.time, v.value
      from (select distinct robot_id from missing) as robot
      cross join lateral (
        select * from (
          select *, sum(pg_column_size(channels)) over (order by time desc, id desc) as bytes from (
            select time, id, channels, vals from metric_recent where robot_id = robot.robot_id and time > ${after}
            order by time desc, id desc limit ${MAX_ROWS}
          ) as latest
        ) as sized where bytes < ${MAX_BYTES}
      ) as r cross join lateral unnest(r.channels, r.vals) as v (channel, value)
      where v.channel in (select channel from missing)
      order by v.channel, r.time desc, r.id desc
    ), kept as (
      select missing.channel, found.time, found.value from missing cross join lateral (
        (select b.times[cardinality(b.times)] as time, b.vals[cardinality(b.vals)] as value from metric_blocks b
          where b.channel = missing.channel and b.hour >= ${Number(floorDivide(nsOf(since), HOUR_NS))} order by b.hour desc limit 1)
        union all
        (select p.time, (p.fields->>c.field)::float8 from metric_channels c join metric_points p on p.series_id = c.series_id
          where c.id = missing.channel and p.time > ${after} and jsonb_typeof(p.fields->c.field) = 'number' order by p.time desc limit 1)
      ) as found where found.time > ${after}
    )
    select distinct on (channel) channel, value, (time / 1000000)::float8 as time from (
      select *, 1 as rank from usual union all select *, 1 from further union all select *, 0 from kept
    ) as found order by channel, found.time desc, rank desc`.execute(db);
  return rows.map(({ channel, value, time }) => {
    const { id, isInUse, ...named } = channels.get(channel) as SelectedChannel;
    return { ...named, value, time };
  });
}
