import { flux, fluxDuration } from '@influxdata/influxdb-client';
import type { WindowMean } from '../../figures/index.ts';
import type { MeansQuery } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { ofRobots, ownTags, selected, timeOf, totalsOnly } from './flux.ts';

export async function queryMeans(
  client: InfluxClient,
  { robotIds, selectors, from, to, everySeconds }: MeansQuery,
  signal: AbortSignal,
): Promise<WindowMean[]> {
  if (robotIds.length === 0) return [];
  const rows = await client.query(
    flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
      |> filter(fn: (r) => ${selected(selectors)})
      |> filter(fn: (r) => ${ofRobots(robotIds)})
      |> filter(fn: (r) => ${totalsOnly(selectors)})
      |> aggregateWindow(every: ${fluxDuration(`${everySeconds}s`)}, fn: mean, createEmpty: false, timeSrc: "_start")`,
    (cell, value, columns) => ({
      robotId: Number(cell('robot_id')),
      measurement: cell('_measurement'),
      field: cell('_field'),
      tags: ownTags(columns, cell),
      window: Math.floor((Date.parse(cell('_time')) - from) / (everySeconds * 1000)),
      value: value(),
    }),
    signal,
  );
  return rows.flatMap(({ value, ...row }) => (typeof value === 'number' ? [{ ...row, value }] : []));
}
