import type uPlot from 'uplot';
import type { Unit } from '../ui/format';

type Column = ArrayLike<number | null | undefined> & Iterable<number | null | undefined>;
type Extremes = [min: number, max: number];
const NOTHING: Extremes = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const known = new WeakMap<Column, { limit: number; extremes: Extremes }>();

/**
 * Of all values of the visible lines, including those outside the view: a scale that followed the view would jump while
 * panning. Values beyond `limit` are ignored.
 */
export function extremes({ data, series }: uPlot, limit = Number.POSITIVE_INFINITY): Extremes {
  const shown = data.filter((_, i) => i > 0 && series[i]?.show).map((column) => extremesOf(column, limit));
  return [Math.min(...shown.map(([min]) => min)), Math.max(...shown.map(([, max]) => max))];
}

function extremesOf(column: Column, limit: number): Extremes {
  const found = known.get(column);
  if (found?.limit === limit) return found.extremes;
  let [min, max] = NOTHING;
  for (const value of column) {
    if (typeof value !== 'number' || Math.abs(value) > limit) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  known.set(column, { limit, extremes: [min, max] });
  return [min, max];
}

/** In these units, values legitimately vary by such factors. */
const LEAPING = new Set<Unit>(['bytes', 'bytes_per_second', 'per_second', 'seconds']);
const BEYOND_FACTOR = 1000;
const MOSTLY = 0.95;

const WHOLE = 100;

/** The magnitude above which an outlier would flatten the rest of the chart; of shares, never one below 100 %. */
export function usualLimit(columns: Column[], unit: Unit): number | undefined {
  if (LEAPING.has(unit)) return undefined;
  const usual = columns.map(usualMagnitude).filter((magnitude) => magnitude > 0);
  const middle = usual.sort((a, b) => a - b)[Math.floor((usual.length - 1) / 2)];
  return middle === undefined ? undefined : Math.max(middle * BEYOND_FACTOR, unit === 'percent' ? WHOLE : 0);
}

function usualMagnitude(column: Column): number {
  const sizes = Array.from(column, (value) => (typeof value === 'number' ? Math.abs(value) : -1)).filter((v) => v >= 0);
  return sizes.sort((a, b) => a - b)[Math.floor((sizes.length - 1) * MOSTLY)] ?? 0;
}

/** The value furthest beyond the limit. */
export function furthest(columns: Column[], limit: number | undefined): number | null {
  let found: number | null = null;
  if (limit === undefined) return found;
  for (const column of columns)
    for (const value of column)
      if (typeof value === 'number' && Math.abs(value) > Math.max(limit, Math.abs(found ?? 0))) found = value;
  return found;
}

/** uPlot draws no ticks for a smaller range. */
const TINY = 1e-15;
/** The scale for these values. `known`: its upper end, if known. */
export function yRange([min, max]: Extremes, known?: number): [min: number, max: number] {
  if (known !== undefined) return [0, Math.max(known, max)];
  if (min > max) return [0, 1];
  if (Math.max(Math.abs(min), Math.abs(max)) < TINY) return [Math.min(0, min), 1];
  // The difference overflows.
  if (!Number.isFinite(max - min)) return [min / 2, max / 2];
  const room = (max - min) * 0.1 || Math.abs(max) * 0.1;
  const [bottom, top] = [Math.max(min - room, -Number.MAX_VALUE), Math.min(max + room, Number.MAX_VALUE)];
  return [min >= 0 && min < max * 0.5 ? 0 : bottom, top];
}
