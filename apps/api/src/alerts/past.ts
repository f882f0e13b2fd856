import type { Condition } from '../channels/index.ts';
import { AppError } from '../errors.ts';
import { readSeries, type SeriesDeps } from '../series/index.ts';
import type { Aggregate } from '../stores/index.ts';
import { compare } from './compare.ts';
import type { Observation } from './decide.ts';

export type PastLooks = { at: number; seen: Observation }[];

interface Past {
  deps: SeriesDeps;
  signal: AbortSignal;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  everyMs: number;
}

const MAX_ENTRIES = 1_000;
const unknown = (kind: string) =>
  new AppError(
    'validation_failed',
    `What a rule of kind "${kind}" would have done cannot be told: the past does not keep it.`,
  );

/**
 * What would have been seen of a robot at the end of each window.
 * @throws AppError validation_failed where the past does not tell
 */
export async function readPast(past: Past, condition: Condition, robotId: number): Promise<PastLooks> {
  if (condition.kind === 'threshold') return ofThreshold(past, condition, robotId);
  if (condition.kind === 'log') return ofLogs(past, condition, robotId);
  if (condition.kind === 'offline') return ofSilence(past, condition.after_s, await timesOf(past, undefined, robotId));
  if (condition.kind === 'no_data')
    return ofSilence(past, condition.after_s, await timesOf(past, condition.measurement, robotId));
  throw unknown(condition.kind);
}

/** The ends of all windows, the first of which begins at a whole one. */
function* ends({ from, to, everyMs }: Past): Generator<number> {
  for (let at = (Math.floor(from / everyMs) + 1) * everyMs; at <= to; at += everyMs) yield at;
}

async function ofThreshold(
  past: Past,
  condition: Extract<Condition, { kind: 'threshold' }>,
  robotId: number,
): Promise<PastLooks> {
  const { deps, signal, from, to, everyMs } = past;
  const { measurement, field, fn, op, tags = {} } = condition;
  if (op === 'changed' || fn === 'increase') throw unknown(op === 'changed' ? 'changed' : 'increase');
  const query = { robotId, measurement, fields: [field], from, to, everySeconds: everyMs / 1000, fn: fn as Aggregate };
  const series = await readSeries(deps, query, signal);
  const values = new Map<number, (number | string | boolean)[]>();
  for (const { tags: own, points } of series) {
    if (!Object.entries(tags).every(([key, value]) => (own[key] ?? value) === value)) continue;
    for (const [start, value] of points) {
      if (value === null) continue;
      const at = start + everyMs;
      const known = values.get(at);
      if (known) known.push(value);
      else values.set(at, [value]);
    }
  }
  return [...ends(past)].map((at) => ({ at, seen: compare(condition, values.get(at) ?? []) }));
}

async function ofLogs(past: Past, condition: Extract<Condition, { kind: 'log' }>, robotId: number): Promise<PastLooks> {
  const { deps, signal, from, to, everyMs } = past;
  const { level, program, q, count, window_s } = condition;
  const times: number[] = [];
  let cursor: string | undefined;
  do {
    const query: Parameters<typeof deps.store.logs>[0] = {
      robotId,
      from,
      to,
      program,
      q,
      limit: MAX_ENTRIES,
      cursor,
      level: level?.split(',').map((one) => one.trim()),
    };
    const page = await deps.store.logs(query, signal);
    times.push(...page.items.map(({ time }) => Date.parse(time)));
    cursor = page.next_cursor ?? undefined;
  } while (cursor && times.length < 20 * MAX_ENTRIES);
  times.sort((a, b) => a - b);
  const windowMs = Math.max(everyMs, window_s * 1000);
  let [first, next] = [0, 0];
  return [...ends(past)].map((at) => {
    while (next < times.length && (times[next] as number) < at) next++;
    while (first < next && (times[first] as number) < at - windowMs) first++;
    const found = next - first;
    return { at, seen: { kind: 'seen', holds: found >= count, isClear: found < count, value: found } };
  });
}

/** Of a robot's measurements, those that nearly every agent sends. */
const USUAL = ['system', 'cpu', 'mem'];

/** The ends of windows in which the robot sent the measurement; without one, any that it usually sends. */
async function timesOf(past: Past, measurement: string | undefined, robotId: number): Promise<number[]> {
  const { deps, signal, from, to, everyMs } = past;
  const all = (await deps.catalog.measurements(robotId)).filter((one) => one.measurement !== 'syslog');
  const rank = (name: string) => (USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length);
  const first = all.sort((a, b) => rank(a.measurement) - rank(b.measurement))[0]?.measurement;
  const asked = measurement ?? first;
  if (asked === undefined) return [];
  const query = {
    robotId,
    measurement: asked,
    fields: [],
    from,
    to,
    everySeconds: everyMs / 1000,
    fn: 'last' as const,
  };
  const series = await readSeries(deps, query, signal);
  return [...new Set(series.flatMap(({ points }) => points.map(([start]) => start + everyMs)))].sort((a, b) => a - b);
}

function ofSilence(past: Past, afterS: number, times: number[]): PastLooks {
  let [i, last] = [0, undefined as number | undefined];
  return [...ends(past)].map((at) => {
    while (i < times.length && (times[i] as number) <= at) last = times[i++];
    if (last === undefined) return { at, seen: { kind: 'quiet' } };
    const holds = at - last >= afterS * 1000;
    return { at, seen: { kind: 'seen', holds, isClear: !holds, value: null } };
  });
}
