import { flux, fluxDuration, fluxExpression, type ParameterizedQuery } from '@influxdata/influxdb-client';
import { figures, type NewestFields } from '../../figures/latest-figures.ts';
import { assembleTrends, TREND_FIELDS, type Trend } from '../../figures/trends.ts';
import { IDENTITY_TAGS } from '../../line-protocol/identity.ts';
import type { Latest } from '../../robots/schemas.ts';
import {
  type Aggregate,
  MAX_TEXT_BYTES,
  MAX_VALUES,
  type Series,
  type SeriesQuery,
  type TrendsQuery,
  tooManyValues,
  tooMuchText,
} from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';

/**
 * Flux is put together by the client library's template, which quotes every value; nothing that anybody sent becomes
 * part of a query as text. Filters stay plain comparisons, which InfluxDB carries out in the storage engine.
 */
const HOUR_MS = 3_600_000;
/** Comparisons nest: InfluxDB gives up on some hundred of them. */
const MANY_FIELDS = 50;

/** RFC 3339 is how Flux writes a time; a Date is one of ours, not input. */
export const timeOf = (ms: number) => fluxExpression(new Date(Math.round(ms)).toISOString());
export const anyOf = (column: string, values: (string | number)[]) =>
  fluxExpression(values.map((value) => String(flux`r[${column}] == ${String(value)}`)).join(' or '));

/** The same as `anyOf`, for any number of values: an expression, which the storage engine still carries out itself. */
const oneOf = (column: string, values: string[]) =>
  flux`r[${column}] =~ ${new RegExp(`^(${values.map(literally).join('|')})$`)}`;
const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** The tags of the point's own, in the order of their names. */
export function ownTags(columns: string[], cell: (column: string) => string): Record<string, string> {
  const own = columns.filter((name) => name !== '' && name !== 'result' && name !== 'table');
  const tags = own.filter((name) => !name.startsWith('_') && !IDENTITY_TAGS.has(name) && cell(name) !== '').sort();
  return Object.fromEntries(tags.map((name) => [name, cell(name)]));
}

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
  // Only the bare selector keeps the time of what it chose.
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

/** A robot renamed within a window has two values for it: the later one is its last. */
function newestOfEach(points: WindowValue[]): Series['points'] {
  const inOrder = points.sort((a, b) => a.time - b.time);
  return [...new Map(inOrder.map(({ window, time, value }) => [window, [time, value]])).values()] as Series['points'];
}

/** A robot renamed within a window has two values for it. */
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

const LATEST: [measurement: string, fields: string[]][] = [
  ['cpu', ['usage_idle']],
  ['mem', ['used_percent']],
  ['disk', ['used_percent']],
  ['temp', ['temp']],
  ['system', ['load1', 'uptime']],
];

/** Of many robots a regular expression is the shortest filter the storage engine can carry out itself. */
const ofRobots = (robotIds: number[]) => flux`r.robot_id =~ ${new RegExp(`^(${robotIds.join('|')})$`)}`;
const figuresOnly = (wanted: [string, string[]][]) =>
  fluxExpression(
    wanted
      .map(([measurement, fields]) => String(flux`(r._measurement == ${measurement} and (${anyOf('_field', fields)}))`))
      .join(' or '),
  );
/** Of the CPU only the total: single cores would be most of what is read. */
const TOTALS = flux`(r._measurement != "cpu" or r.cpu == "cpu-total" or not exists r.cpu)`;

export async function queryLatest(
  client: InfluxClient,
  robotIds: number[],
  signal: AbortSignal,
): Promise<Map<number, Latest>> {
  if (robotIds.length === 0) return new Map();
  const rows = await client.query(
    flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(Date.now() - HOUR_MS)})
      |> filter(fn: (r) => ${figuresOnly(LATEST)})
      |> filter(fn: (r) => ${ofRobots(robotIds)})
      |> filter(fn: (r) => ${TOTALS})
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
  rows.sort((a, b) => a.time - b.time);
  const robots = Map.groupBy(rows, (row) => row.robotId);
  return new Map(
    [...robots].map(([robotId, own]) => {
      const series = new Map<string, NewestFields>();
      for (const { measurement, tags, field, value } of own) {
        const key = JSON.stringify([measurement, tags]);
        const known = series.get(key) ?? { measurement, tags, fields: {} };
        known.fields[field] = value;
        series.set(key, known);
      }
      return [robotId, figures([...series.values()])];
    }),
  );
}

export async function queryTrends(
  client: InfluxClient,
  { robotIds, from, to, everySeconds }: TrendsQuery,
  signal: AbortSignal,
): Promise<Map<number, Trend>> {
  if (robotIds.length === 0) return new Map();
  const wanted = Object.entries(TREND_FIELDS).map(([name, field]): [string, string[]] => [name, [field]]);
  const query: ParameterizedQuery = flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
      |> filter(fn: (r) => ${figuresOnly(wanted)})
      |> filter(fn: (r) => ${ofRobots(robotIds)})
      |> filter(fn: (r) => ${TOTALS})
      |> aggregateWindow(every: ${fluxDuration(`${everySeconds}s`)}, fn: mean, createEmpty: false, timeSrc: "_start")`;
  const rows = await client.query(
    query,
    (cell, value, columns) => ({
      robotId: Number(cell('robot_id')),
      measurement: cell('_measurement'),
      tags: ownTags(columns, cell),
      window: Math.floor((Date.parse(cell('_time')) - from) / (everySeconds * 1000)),
      value: value(),
    }),
    signal,
  );
  const means = rows.flatMap((row) => (typeof row.value === 'number' ? [{ ...row, value: row.value }] : []));
  return assembleTrends(means, Math.round((to - from) / (everySeconds * 1000)));
}
