import type { Database } from '../db/schema.ts';
import {
  type HoursQuery,
  MAX_VALUES,
  type MetricsStore,
  type Series,
  type SeriesQuery,
  tooManyValues,
} from '../stores/index.ts';
import { pendingHours } from './due-store.ts';
import { keyOf } from './increases.ts';
import { DAY_HOURS, HOUR_MS, type Rollup } from './rollup.ts';
import { type RolledWindow, readRolled } from './rollup-store.ts';

interface Deps {
  db: Database;
  store: MetricsStore;
  /** How long points are kept, seconds. */
  retention: number;
}

/** Beyond this, the pieces are read as one range. */
const MAX_PIECES = 12;

/**
 * Numeric fields in windows of whole hours. Reads roll-ups, and points for hours that are not rolled up yet and at the ends of
 * the range where it cuts an hour. The result is the same as from points alone.
 * @throws AppError validation_failed when it is too much for one reply
 */
export async function readRolledSeries(deps: Deps, query: SeriesQuery, signal: AbortSignal): Promise<Series[]> {
  const { db, store } = deps;
  const { robotId, measurement, fields, everySeconds } = query;
  const { whole, pieces } = await plan(deps, query);
  const windowHours = everySeconds / 3600;
  const rolled = (unit: 'hour' | 'day', from: number, to: number, without: number[], width: number) =>
    from < to
      ? readRolled(db, unit, { robotId, measurement, fields, from, to, without, width, limit: MAX_VALUES + 1 })
      : Promise.resolve<RolledWindow[]>([]);

  const parts: Promise<RolledWindow[]>[] = [];
  const isOfDays = windowHours % DAY_HOURS === 0;
  if (isOfDays && whole.to - whole.from > DAY_HOURS) {
    const [first, end] = [Math.ceil(whole.from / DAY_HOURS), Math.floor(whole.to / DAY_HOURS)];
    const cut = [...new Set(whole.without.map((hour) => Math.floor(hour / DAY_HOURS)))];
    parts.push(rolled('day', first, end, cut, windowHours / DAY_HOURS));
    const edges = [
      [whole.from, Math.min(first * DAY_HOURS, whole.to)],
      [Math.max(end * DAY_HOURS, whole.from), whole.to],
      ...cut.filter((day) => day >= first && day < end).map((day) => [day * DAY_HOURS, (day + 1) * DAY_HOURS]),
    ] as [number, number][];
    for (const [from, to] of edges) parts.push(rolled('hour', from, to, whole.without, windowHours));
  } else parts.push(rolled('hour', whole.from, whole.to, whole.without, windowHours));

  for (const { from, to } of pieces) {
    const asked: HoursQuery = { robotId, measurements: [{ measurement, fields }], from, to };
    parts.push(
      store
        .hours(asked, signal)
        .then((hours) => hours.map((hour) => ({ ...hour, window: Math.floor(hour.hour / windowHours) }))),
    );
  }
  const windows = merged(measurement, (await Promise.all(parts)).flat());
  if (windows.length > MAX_VALUES) throw tooManyValues();
  return seriesOf(windows, query);
}

/** Splits the range into hours read from roll-ups and pieces (ms) read from points. */
async function plan({ db, retention }: Deps, { robotId, from, to }: SeriesQuery) {
  // Points near the end of their retention may be incomplete: the roll-up is not.
  const oldestPoints = Date.now() - retention * 1000 + HOUR_MS;
  const first = from < oldestPoints ? Math.floor(from / HOUR_MS) : Math.ceil(from / HOUR_MS);
  const end = to < oldestPoints ? Math.ceil(to / HOUR_MS) : Math.floor(to / HOUR_MS);
  const pending = await pendingHours(db, robotId, Math.floor(from / HOUR_MS), Math.ceil(to / HOUR_MS));
  const pieces: { from: number; to: number }[] = [];
  const add = (start: number, stop: number) => {
    const piece = pieces.at(-1);
    if (piece && piece.to === start) piece.to = stop;
    else if (start < stop) pieces.push({ from: start, to: stop });
  };
  if (first > end) return { whole: { from: 0, to: 0, without: [] as number[] }, pieces: [{ from, to }] };
  add(Math.min(from, first * HOUR_MS), first * HOUR_MS);
  const without = pending.filter((hour) => hour >= first && hour < end);
  for (const hour of without) add(hour * HOUR_MS, (hour + 1) * HOUR_MS);
  add(end * HOUR_MS, Math.max(to, end * HOUR_MS));
  if (pieces.length <= MAX_PIECES) return { whole: { from: first, to: end, without }, pieces };
  const all = { from: pieces[0]?.from as number, to: pieces.at(-1)?.to as number };
  const covered = Array.from({ length: end - first }, (_, i) => first + i).filter(
    (hour) => hour * HOUR_MS >= all.from && (hour + 1) * HOUR_MS <= all.to,
  );
  return { whole: { from: first, to: end, without: covered }, pieces: [all] };
}

/** Combines the parts of each window. */
function merged(measurement: string, parts: RolledWindow[]): RolledWindow[] {
  const windows = new Map<string, RolledWindow>();
  for (const part of parts) {
    const key = `${part.window} ${keyOf(measurement, part.field, part.tags)}`;
    const known = windows.get(key);
    windows.set(key, known ? { ...known, ...together(known, part) } : part);
  }
  return [...windows.values()];
}

function together(a: Rollup, b: Rollup): Rollup {
  const later = b.lastAt >= a.lastAt ? b : a;
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    last: later.last,
    lastAt: later.lastAt,
  };
}

function seriesOf(windows: RolledWindow[], { measurement, everySeconds, fn, times }: SeriesQuery): Series[] {
  const timeOf = ({ lastAt, window }: RolledWindow) => (times === 'sample' ? lastAt : window * everySeconds * 1000);
  const valueIn = (one: RolledWindow) => (fn === 'mean' ? one.sum / one.count : one[fn]);
  const groups = Map.groupBy(windows, ({ field, tags }) => keyOf(measurement, field, tags));
  return [...groups.values()].map((of) => ({
    field: of[0]?.field ?? '',
    tags: of[0]?.tags ?? {},
    points: of.sort((a, b) => a.window - b.window).map((one) => [timeOf(one), valueIn(one)]),
  }));
}
