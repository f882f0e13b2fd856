import { flux, fluxDuration, fluxExpression } from '@influxdata/influxdb-client';
import {
  type Aggregate,
  MAX_TEXT_BYTES,
  MAX_VALUES,
  type Series,
  type SeriesQuery,
  tooManyValues,
  tooMuchText,
} from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { anyOf, oneOf, ownTags, timeOf } from './flux.ts';

/** Each `or` nests one level deeper, and InfluxDB fails at a few hundred levels. */
const MANY_FIELDS = 50;

export async function querySeries(client: InfluxClient, query: SeriesQuery, signal: AbortSignal): Promise<Series[]> {
  const { robotId, measurement, fields, from, to, everySeconds, fn, times } = query;
  const aggregates: Record<Aggregate, string> = {
    mean: 'mean',
    min: 'min',
    max: 'max',
    last: 'last',
    sum: 'sum',
    count: 'count',
  };
  const everyMs = everySeconds * 1000;
  const every = fluxDuration(`${everySeconds}s`);
  // Only the bare selector keeps the time of the selected value.
  const windows =
    times === 'sample'
      ? flux`window(every: ${every}) |> last() |> window(every: inf)`
      : flux`aggregateWindow(every: ${every}, fn: ${fluxExpression(aggregates[fn])}, createEmpty: false, timeSrc: "_start")`;
  let [values, textBytes] = [0, 0];
  const rows = await client.query(
    flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
      |> filter(fn: (r) => r._measurement == ${measurement} and r.robot_id == ${String(robotId)})
      |> filter(fn: (r) => ${fields.length > MANY_FIELDS ? oneOf('_field', fields) : anyOf('_field', fields)})
      |> ${windows}`,
    (cell, value, columns) => {
      if (++values > MAX_VALUES) throw tooManyValues();
      textBytes += typeof value() === 'string' ? cell('_value').length : 0;
      if (textBytes > MAX_TEXT_BYTES) throw tooMuchText();
      const time = Date.parse(cell('_time'));
      const window = Math.floor(time / everyMs) * everyMs;
      return { field: cell('_field'), tags: ownTags(columns, cell), time, window, value: value() };
    },
    signal,
  );
  const series = Map.groupBy(rows, (row) => JSON.stringify([row.field, row.tags]));
  return [...series.values()].map((points) => ({
    field: points[0]?.field ?? '',
    tags: points[0]?.tags ?? {},
    points: times === 'sample' ? newestOfEach(points) : merged(points, fn),
  }));
}

interface WindowValue {
  time: number;
  window: number;
  value: Series['points'][number][1];
}

/** A robot renamed within a window has two values for it; the later one counts. */
function newestOfEach(points: WindowValue[]): Series['points'] {
  const inOrder = points.sort((a, b) => a.time - b.time);
  return [...new Map(inOrder.map(({ window, time, value }) => [window, [time, value]])).values()] as Series['points'];
}

/** Combines the two values that a robot renamed within a window has for it. */
function merged(points: WindowValue[], fn: Aggregate): Series['points'] {
  const windows = [...Map.groupBy(points, ({ window }) => window)].sort(([a], [b]) => a - b);
  return windows.flatMap(([window, of]): Series['points'] => {
    const values = of.map(({ value }) => value).filter((value) => value !== null);
    const numbers = values.filter((value) => typeof value === 'number');
    if (values.length < 2 || numbers.length < values.length) return values.slice(-1).map((value) => [window, value]);
    const sum = numbers.reduce((total, value) => total + value, 0);
    const both: Record<Aggregate, number> = {
      mean: sum / numbers.length,
      min: Math.min(...numbers),
      max: Math.max(...numbers),
      last: numbers.at(-1) as number,
      sum,
      count: sum,
    };
    return [[window, both[fn]]];
  });
}
