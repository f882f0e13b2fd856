import { flux, fluxExpression } from '@influxdata/influxdb-client';
import { TOTALS } from '../../figures/index.ts';
import type { WindowAnswer, WindowFunction, WindowQuestion, WindowsQuery } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { literally, ofRobotsOrAll, timeOf } from './flux.ts';

/** What InfluxDB says when a function does not fit a field's type. */
const UNFIT = /unsupported (input|aggregate)|type conflict|unsupported.*type|cannot (use|aggregate)/i;

const FUNCTIONS: Record<WindowFunction, string> = {
  ...{ last: 'last()', mean: 'mean()', min: 'min()', max: 'max()', sum: 'sum()', count: 'count()' },
  changed: 'distinct() |> count()',
  // A falling counter was reset to zero, so that all of its new value is growth.
  increase: `reduce(identity: {n: 0, before: 0.0, _value: 0.0}, fn: (r, accumulator) => ({
      n: 1,
      before: float(v: r._value),
      _value: accumulator._value + (if accumulator.n == 0 then 0.0
        else if float(v: r._value) >= accumulator.before then float(v: r._value) - accumulator.before else float(v: r._value))
    }))`,
};

/** One query for each question, so that InfluxDB can push its function down to the storage engine. */
export async function queryWindows(
  client: InfluxClient,
  query: WindowsQuery,
  signal: AbortSignal,
): Promise<WindowAnswer[]> {
  if (query.robotIds.length === 0) return [];
  const wanted = new Set(query.robotIds);
  const answers: WindowAnswer[] = [];
  for (const [i, question] of query.questions.entries()) {
    const rows = await ask(client, query, question, signal);
    for (const { robotId, value } of rows)
      if (wanted.has(robotId) && value !== null) answers.push({ robotId, question: i, value });
  }
  return answers;
}

async function ask(
  client: InfluxClient,
  { robotIds, from, to }: WindowsQuery,
  { measurement, field, tags, fn }: WindowQuestion,
  signal: AbortSignal,
) {
  const ofField = field === null ? fluxExpression('true') : flux`r._field == ${field}`;
  const rows = client.query(
    flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
      |> filter(fn: (r) => r._measurement == ${measurement} and ${ofField})
      |> filter(fn: (r) => ${ofRobotsOrAll(robotIds)})
      |> filter(fn: (r) => ${withTags(measurement, tags)})
      |> ${fluxExpression(FUNCTIONS[fn])}
      |> keep(columns: ["robot_id", "_value"])`,
    (cell, value) => ({
      robotId: Number(cell('robot_id')),
      value: fn === 'changed' ? Number(value()) > 1 : value(),
    }),
    signal,
  );
  try {
    return await rows;
  } catch (error) {
    // A text has no mean.
    if (UNFIT.test(String(((error as Error).cause as Error)?.message))) return [];
    throw error;
  }
}

/** Series without the tag that marks the whole are the whole, too. */
function withTags(measurement: string, tags: Record<string, string>) {
  const total = TOTALS[measurement];
  const conditions = Object.entries(tags).map(([tag, value]) =>
    total?.tag === tag && total.value === value
      ? String(flux`r[${tag}] =~ ${new RegExp(`^(${literally(value)})?$`)}`)
      : String(flux`r[${tag}] == ${value}`),
  );
  return fluxExpression(conditions.join(' and ') || 'true');
}
