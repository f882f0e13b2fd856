import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { WindowMean } from '../../figures/index.ts';
import type { MeansQuery } from '../metrics-store.ts';
import { meanOf } from './aggregates.ts';
import { cells } from './cells.ts';
import { nsOf } from './nanoseconds.ts';
import { type SelectedChannel, selectedChannels } from './selected-channels.ts';

/** One query for all robots. */
export async function queryMeans(db: Db, query: MeansQuery): Promise<WindowMean[]> {
  const { robotIds, selectors, from, to, everySeconds } = query;
  const channels = await selectedChannels(db, robotIds, selectors);
  if (channels.size === 0) return [];
  const asked = cells({
    ...{
      channels: [...channels.keys()],
      robotOf: [...channels.values()].map((one) => one.robotId),
      from: nsOf(from),
      to: nsOf(to),
    },
    ...{ origin: nsOf(from), width: nsOf(everySeconds * 1000), parts: ['sum', 'count'] },
  });
  const { rows } = await sql<{ channel: number; slot: number; value: number }>`
    select channel, slot, ${meanOf(sql`sum`, sql`count`)} as value from (${asked}) as cell`.execute(db);
  return rows.map(({ channel, slot, value }) => {
    const { id, isInUse, ...named } = channels.get(channel) as SelectedChannel;
    return { ...named, window: slot, value };
  });
}
