import type { WindowFunction } from '../metrics-store.ts';
import { BOUND } from './aggregates.ts';
import type { Rows } from './recent-rows.ts';

/**
 * An aggregate of a column of the rows, as the database would compute it; undefined when it has no values.
 * @param column from 1 on
 */
export function ofValues(fn: WindowFunction, { width, cells }: Rows, column: number): number | boolean | undefined {
  let [count, sum, min, max, last, increase] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = column; i < cells.length; i += width) {
    const value = cells[i] as number;
    if (Number.isNaN(value)) continue;
    // A falling counter was reset to zero.
    if (count > 0) increase += value >= last ? value - last : value;
    count++;
    sum += Math.max(-BOUND, Math.min(BOUND, value));
    min = Math.min(min, value);
    max = Math.max(max, value);
    last = value;
  }
  if (count === 0) return undefined;
  return { mean: sum / count, min, max, sum, count, last, increase, changed: min !== max }[fn];
}
