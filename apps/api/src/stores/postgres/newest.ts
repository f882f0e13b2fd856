import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { NewestValue } from '../../figures/index.ts';
import type { NewestQuery } from '../metrics-store.ts';
import { floorDivide, HOUR_NS, int8, nsOf } from './nanoseconds.ts';
import { type SelectedChannel, selectedChannels } from './selected-channels.ts';

/** A robot's last rows have nearly all of its channels. */
const USUAL_ROWS = 2;

/**
 * Reads each robot's last rows; only channels in use that these do not have are looked for one by one, further back and in blocks.
 */
export async function queryNewest(db: Db, { robotIds, selectors, since }: NewestQuery): Promise<NewestValue[]> {
  const channels = await selectedChannels(db, robotIds, selectors);
  if (channels.size === 0) return [];
  const all = [...channels.values()];
  const after = int8(nsOf(since));
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
      select * from wanted where is_in_use and not exists (select from usual u where u.channel = wanted.channel)
    ), others as (
      select missing.channel, found.time, found.value from missing cross join lateral (
        (select r.time, r.vals[array_position(r.channels, missing.channel)] as value from metric_recent r
          where r.robot_id = missing.robot_id and r.time > ${after} and array_position(r.channels, missing.channel) is not null
          order by r.time desc, r.id desc limit 1)
        union all
        (select b.times[cardinality(b.times)], b.vals[cardinality(b.vals)] from metric_blocks b
          where b.channel = missing.channel and b.hour >= ${Number(floorDivide(nsOf(since), HOUR_NS))} order by b.hour desc limit 1)
        union all
        (select p.time, (p.fields->>c.field)::float8 from metric_channels c join metric_points p on p.series_id = c.series_id
          where c.id = missing.channel and p.time > ${after} and jsonb_typeof(p.fields->c.field) = 'number' order by p.time desc limit 1)
        order by 1 desc limit 1
      ) as found where found.time > ${after}
    )
    select channel, value, (time / 1000000)::float8 as time from usual
    union all select channel, value, (time / 1000000)::float8 from others`.execute(db);
  return rows.map(({ channel, value, time }) => {
    const { id, isInUse, ...named } = channels.get(channel) as SelectedChannel;
    return { ...named, value, time };
  });
}
