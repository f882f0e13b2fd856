import type uPlot from 'uplot';

type Extremes = [min: number, max: number];
const NOTHING: Extremes = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const known = new WeakMap<uPlot.AlignedData[number], Extremes>();

/** Of all values of the shown lines, whether in view or not: a scale that followed the view would jump while panning. */
export function extremes({ data, series }: uPlot): Extremes {
  const shown = data.filter((_, i) => i > 0 && series[i]?.show).map(extremesOf);
  return [Math.min(...shown.map(([min]) => min)), Math.max(...shown.map(([, max]) => max))];
}

function extremesOf(column: uPlot.AlignedData[number]): Extremes {
  const found = known.get(column);
  if (found) return found;
  let [min, max] = NOTHING;
  for (const value of column) {
    if (typeof value !== 'number') continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  known.set(column, [min, max]);
  return [min, max];
}

/** A scale for such values; `top` is its upper end where that is known. */
export function yRange([min, max]: Extremes, top?: number): [min: number, max: number] {
  if (top !== undefined) return [0, Math.max(top, max)];
  if (min > max) return [0, 1];
  if (min === 0 && max === 0) return [0, 1];
  const room = (max - min) * 0.1 || Math.abs(max) * 0.1;
  return [min >= 0 && min < max * 0.5 ? 0 : min - room, max + room];
}
