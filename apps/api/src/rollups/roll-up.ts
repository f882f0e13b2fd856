import type { SeriesCatalog } from '../catalog/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { COUNTERS } from '../figures/index.ts';
import type { HourValues, MetricsStore } from '../stores/index.ts';
import { type DueRobot, finishDue, giveBack, markNextRolled, postponeDue, takeDue } from './due-store.ts';
import { renewFigures } from './figure-store.ts';
import { increasesOf, keyOf } from './increases.ts';
import type { RollupPartitions } from './partitions.ts';
import { DAY_HOURS, HOUR_MS } from './rollup.ts';
import {
  countSeries,
  deleteHours,
  type HourRow,
  insertHours,
  insertNames,
  lastBefore,
  renewDays,
  replaceLogCounts,
} from './rollup-store.ts';

export interface RollUpDeps {
  db: Database;
  store: MetricsStore;
  catalog: SeriesCatalog;
  partitions: RollupPartitions;
}

/** Robots taken at once. */
const DUE_AT_ONCE = 100;
/** A robot that sends a month of late data must not hold up the others. */
const DUE_PER_ROBOT = 48;
/** Nor may one whose hours take long. */
const TURN_MS = 2_000;
/** After so long, robots that were not come to are given back: others may be more urgent by now. */
const ROUND_MS = 10_000;
/** Hours read from the store at once. */
const SPAN_HOURS = 4;
/** Rows computed at once, and written in one statement. */
const MAX_ROWS = 10_000;
const ROWS_AT_ONCE = 1_000;
/** Before hours that could not be computed are tried again. */
const AFTER_FAILURE_S = 600;

/**
 * Computes due hours and their days, of other robots than other replicas do meanwhile. One robot's failure does not stop
 * the others. @throws AggregateError of the failures
 */
export async function rollUpDue(deps: RollUpDeps, signal: AbortSignal, atOnce = DUE_AT_ONCE): Promise<void> {
  const troubles: unknown[] = [];
  for (let found = 1; found > 0 && !signal.aborted; ) {
    const robots = await takeDue(deps.db, atOnce, DUE_PER_ROBOT);
    found = robots.length;
    const end = Date.now() + ROUND_MS;
    try {
      for (const robot of robots) {
        if (signal.aborted || Date.now() > end) break;
        try {
          await rollUpRobot(deps, robot, signal);
        } catch (error) {
          troubles.push(error);
          await postponeDue(deps.db, robot, AFTER_FAILURE_S);
        }
      }
    } finally {
      await giveBack(deps.db, robots);
    }
  }
  if (troubles.length > 0)
    throw new AggregateError(troubles, `hours of ${troubles.length} robots could not be rolled up`);
}

async function rollUpRobot(deps: RollUpDeps, due: DueRobot, signal: AbortSignal): Promise<void> {
  const { robotId, hours } = due;
  const inOrder = [...hours].sort((a, b) => a.hour - b.hour);
  const measurements = numericFields(await deps.catalog.measurements(robotId));
  const seriesCount = await countSeries(deps.db, robotId);
  const fieldCount = measurements.reduce((sum, { fields }) => sum + fields.length, 0);
  const spanHours = seriesCount * fieldCount * SPAN_HOURS > MAX_ROWS ? 1 : SPAN_HOURS;
  const chunks = chunksOf(measurements, Math.max(1, Math.floor(MAX_ROWS / spanHours / Math.max(1, seriesCount))));
  const end = Date.now() + TURN_MS;
  while (inOrder.length > 0 && Date.now() < end) {
    const first = inOrder[0]?.hour ?? 0;
    const count = inOrder.findIndex(({ hour }) => hour >= first + spanHours);
    const span = inOrder.splice(0, count === -1 ? inOrder.length : count);
    await rollUpSpan(deps, { ...due, hours: span }, chunks, signal);
  }
}

type Fields = { measurement: string; fields: string[] }[];

/** Parts with at most `size` fields each. */
function chunksOf(measurements: Fields, size: number): Fields[] {
  const chunks: Fields[] = [];
  let [part, room]: [Fields, number] = [[], size];
  for (const { measurement, fields } of measurements) {
    for (let i = 0; i < fields.length; ) {
      const some = fields.slice(i, i + room);
      part.push({ measurement, fields: some });
      i += some.length;
      room -= some.length;
      if (room === 0) {
        chunks.push(part);
        [part, room] = [[], size];
      }
    }
  }
  return part.length > 0 ? [...chunks, part] : chunks;
}

/**
 * Recomputes every hour from the first due one to the last. One transaction: a process that dies midway leaves the hours due and
 * unchanged.
 */
async function rollUpSpan(deps: RollUpDeps, due: DueRobot, chunks: Fields[], signal: AbortSignal): Promise<void> {
  const { db, store, partitions } = deps;
  const { robotId } = due;
  const [first, last] = [
    Math.min(...due.hours.map(({ hour }) => hour)),
    Math.max(...due.hours.map(({ hour }) => hour)),
  ];
  const hours = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const [from, to] = [first * HOUR_MS, (last + 1) * HOUR_MS];
  const days = [...new Set(hours.map((hour) => Math.floor(hour / DAY_HOURS)))];
  const logs = await store.logCounts(robotId, from, to, signal);
  await partitions.hours.ensure(hours);
  await partitions.days.ensure(days);
  await db.transaction().execute(async (tx) => {
    const lastValues = async () => JSON.stringify(await lastBefore(tx, robotId, COUNTERS, last + 1));
    const former = await lastValues();
    await insertNames(
      tx,
      chunks.flatMap((measurements) => measurements.flatMap(({ fields }) => fields)),
    );
    await deleteHours(tx, robotId, hours);
    const hasPoints = new Set<number>();
    for (const measurements of chunks) {
      const values = await store.hours({ robotId, measurements, from, to }, signal);
      const rows = await withIncreases(deps, robotId, first, last, values, signal);
      for (const { hour } of rows) hasPoints.add(hour);
      for (let i = 0; i < rows.length; i += ROWS_AT_ONCE)
        await insertHours(tx, robotId, rows.slice(i, i + ROWS_AT_ONCE));
    }
    await renewDays(tx, robotId, days);
    // The next hours' increases start from these hours' last values.
    if ((await lastValues()) !== former) await markNextRolled(tx, robotId, COUNTERS, last);
    await replaceLogCounts(tx, robotId, hours, hasPoints, logs);
    await renewFigures(tx, { robotId, hours, days });
    if (!(await finishDue(tx, due))) throw new Error(`hours of robot ${robotId} were rolled up by another replica`);
  });
}

const numericFields = (all: { measurement: string; fields: { field: string; type: string }[] }[]) =>
  all
    .map(({ measurement, fields }) => ({
      measurement,
      fields: fields.filter(({ type }) => type !== 'string' && type !== 'boolean').map(({ field }) => field),
    }))
    .filter(({ fields }) => fields.length > 0);

async function withIncreases(
  { db, store }: RollUpDeps,
  robotId: number,
  first: number,
  last: number,
  values: HourValues[],
  signal: AbortSignal,
): Promise<HourRow[]> {
  const counters = COUNTERS.filter((name) => values.some(({ measurement }) => measurement === name));
  const increases = new Map<string, number>();
  const known = counters.length > 0 ? await lastBefore(db, robotId, counters, first) : [];
  const before = new Map(known.map((one) => [keyOf(one.measurement, one.field, one.tags), one.last]));
  for (const measurement of counters) {
    const fields = [...new Set(values.filter((one) => one.measurement === measurement).map(({ field }) => field))];
    const range = { from: first * HOUR_MS, to: (last + 1) * HOUR_MS };
    const asked = { robotId, measurement, fields, ...range, everySeconds: 1, fn: 'last', times: 'sample' } as const;
    // Too many values for one read: the increase stays unknown.
    const series = await store.series(asked, signal).catch((error) => {
      if (error instanceof AppError && error.code === 'validation_failed') return [];
      throw error;
    });
    for (const [key, value] of increasesOf(measurement, series, before)) increases.set(key, value);
  }
  return values.map((row) => ({
    ...row,
    increase: increases.get(`${row.hour} ${keyOf(row.measurement, row.field, row.tags)}`) ?? null,
  }));
}
