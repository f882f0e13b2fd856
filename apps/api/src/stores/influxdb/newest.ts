import { flux } from '@influxdata/influxdb-client';
import type { NewestValue } from '../../figures/index.ts';
import type { NewestQuery } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { ofRobots, ownTags, selected, timeOf, totalsOnly } from './flux.ts';

/** A range without an end stops at now, which would miss points from robots with fast clocks. */
const FAR_AHEAD_MS = 10 * 365 * 86_400_000;

export async function queryNewest(
  client: InfluxClient,
  { robotIds, selectors, since }: NewestQuery,
  signal: AbortSignal,
): Promise<NewestValue[]> {
  if (robotIds.length === 0) return [];
  const rows = await client.query(
    flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(since)}, stop: ${timeOf(Date.now() + FAR_AHEAD_MS)})
      |> filter(fn: (r) => ${selected(selectors)})
      |> filter(fn: (r) => ${ofRobots(robotIds)})
      |> filter(fn: (r) => ${totalsOnly(selectors)})
      |> last()`,
    (cell, value, columns) => ({
      robotId: Number(cell('robot_id')),
      measurement: cell('_measurement'),
      field: cell('_field'),
      tags: ownTags(columns, cell),
      time: Date.parse(cell('_time')),
      value: value(),
    }),
    signal,
  );
  // A renamed robot has each series twice.
  const newest = new Map<string, NewestValue>();
  for (const { value, ...row } of rows.sort((a, b) => a.time - b.time)) {
    const key = JSON.stringify([row.robotId, row.measurement, row.field, row.tags]);
    if (typeof value === 'number') newest.set(key, { ...row, value });
  }
  return [...newest.values()];
}
