import { flux, fluxExpression } from '@influxdata/influxdb-client';
import { type HoursQuery, type HourValues, LOG_LEVELS, type LogCount } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { oneOf, ownTags, timeOf } from './flux.ts';

const HOUR_MS = 3_600_000;
const PARTS = ['count', 'sum', 'min', 'max'] as const;
/** From here on, InfluxDB's sums of integers wrap. Those of floats become infinite later. */
const WIDE = 2 ** 63;
/** Every value as a float, within bounds whose sum is finite. */
const BOUNDED = ['1e300', '-1e300']
  .map((bound, i) => `if float(v: r._value) ${'><'[i]} float(v: "${bound}") then float(v: "${bound}") else `)
  .join('');
const BOUNDED_SUM = `map(fn: (r) => ({r with _value: ${BOUNDED}float(v: r._value)})) |> ${windowed('sum')}`;

function windowed(fn: (typeof PARTS)[number]): string {
  return `aggregateWindow(every: 1h, fn: ${fn}, createEmpty: false, timeSrc: "_start")`;
}

/** One query per aggregate, so that InfluxDB can push each down to the storage engine. Only sums too large for that are computed anew. */
export async function queryHours(
  client: InfluxClient,
  { robotId, measurements, from, to }: HoursQuery,
  signal: AbortSignal,
): Promise<HourValues[]> {
  if (measurements.length === 0) return [];
  const read = (windows: string, of = measurements) =>
    client.query(
      flux`from(bucket: ${client.bucket})
        |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
        |> filter(fn: (r) => r.robot_id == ${String(robotId)})
        |> filter(fn: (r) => ${fluxExpression(anyOfThese(of))})
        |> ${fluxExpression(windows)}`,
      (cell, value, columns) => ({
        measurement: cell('_measurement'),
        field: cell('_field'),
        tags: ownTags(columns, cell),
        time: Date.parse(cell('_time')),
        value: value(),
      }),
      signal,
    );
  const [lasts = [], ...parts] = await Promise.all([
    read('window(every: 1h) |> last() |> window(every: inf)'),
    ...PARTS.map((fn) => read(windowed(fn))),
  ]);

  const hours = new Map<string, HourValues>();
  const keyOf = ({ measurement, field, tags, time }: (typeof lasts)[number]) =>
    JSON.stringify([measurement, field, tags, Math.floor(time / HOUR_MS)]);
  // A robot renamed within an hour has each series twice: combine both.
  for (const row of lasts) {
    if (typeof row.value !== 'number') continue;
    const { measurement, field, tags, time, value } = row;
    const known = hours.get(keyOf(row));
    if (known && known.lastAt > time) continue;
    const none = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
    const hour = Math.floor(time / HOUR_MS);
    hours.set(keyOf(row), { measurement, field, tags, hour, ...none, last: value, lastAt: time });
  }
  for (const [i, fn] of PARTS.entries()) {
    for (const row of parts[i] ?? []) {
      const of = hours.get(keyOf(row));
      if (!of || typeof row.value !== 'number') continue;
      if (fn === 'min' || fn === 'max') of[fn] = Math[fn](of[fn], row.value);
      else of[fn] += row.value;
    }
  }
  const wide = fieldsOf([...hours.values()].filter(isWide));
  if (wide.length > 0) {
    const sums = new Map<string, number>();
    for (const row of await read(BOUNDED_SUM, wide))
      if (typeof row.value === 'number') sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0) + row.value);
    for (const [key, sum] of sums) Object.assign(hours.get(key) ?? {}, { sum });
  }
  return [...hours.values()].filter(({ count }) => count > 0);
}

const isWide = ({ count, min, max }: HourValues) => count * Math.max(Math.abs(min), Math.abs(max)) >= WIDE;

function fieldsOf(values: HourValues[]): HoursQuery['measurements'] {
  return [...Map.groupBy(values, ({ measurement }) => measurement)].map(([measurement, of]) => ({
    measurement,
    fields: [...new Set(of.map(({ field }) => field))],
  }));
}

const anyOfThese = (measurements: HoursQuery['measurements']) =>
  measurements
    .map(({ measurement, fields }) => String(flux`(r._measurement == ${measurement} and ${oneOf('_field', fields)})`))
    .join(' or ');

/** Entries without a level are the total minus those with one. */
export async function queryLogCounts(
  client: InfluxClient,
  robotId: number,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<LogCount[]> {
  const read = (field: string, grouping: string) =>
    client.query(
      flux`import "strings"
        from(bucket: ${client.bucket})
        |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
        |> filter(fn: (r) => r._measurement == "syslog" and r.robot_id == ${String(robotId)} and r._field == ${field})
        |> ${fluxExpression(grouping)}
        |> aggregateWindow(every: 1h, fn: count, createEmpty: false, timeSrc: "_start")`,
      (cell, value) => ({
        hour: Math.floor(Date.parse(cell('_time')) / HOUR_MS),
        level: cell('level'),
        count: Number(value()),
      }),
      signal,
    );
  const [all, named] = await Promise.all([
    read('message', 'group()'),
    read(
      'level',
      `map(fn: (r) => ({_time: r._time, _value: 1, level: if contains(value: strings.toLower(v: r._value), set: ${JSON.stringify(LOG_LEVELS)}) then strings.toLower(v: r._value) else "other"})) |> group(columns: ["level"])`,
    ),
  ]);
  const withLevel = new Map<number, number>();
  for (const { hour, count } of named) withLevel.set(hour, (withLevel.get(hour) ?? 0) + count);
  const rest = all.map(({ hour, count }) => ({ hour, level: '', count: count - (withLevel.get(hour) ?? 0) }));
  return [...named, ...rest.filter(({ count }) => count > 0)];
}
