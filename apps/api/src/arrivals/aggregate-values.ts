import type { WindowFunction } from '../stores/index.ts';
import type { HeldSeries, HeldValue } from './held-values.ts';

/** Sums stay finite, as in the metrics stores. */
const BOUND = 1e300;

/**
 * An aggregate of a series' values, as the metrics stores would compute it; undefined when it has none of a fitting type.
 * @param from milliseconds since 1970; `to` is exclusive
 */
export function aggregateValues(
  fn: WindowFunction,
  { times, values }: HeldSeries,
  from: number,
  to: number,
): HeldValue | undefined {
  let [count, sum, min, max, before, increase] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  let [first, last, isText, differ]: [HeldValue?, HeldValue?, boolean?, boolean?] = [];
  for (let i = 0; i < times.length; i++) {
    const ms = times[i] as number;
    if (ms < from) continue;
    if (ms >= to) break;
    const value = values[i] as HeldValue;
    first ??= value;
    differ ||= value !== first;
    last = value;
    isText = typeof value !== 'number';
    if (typeof value !== 'number') continue;
    // A falling counter was reset to zero.
    if (count > 0) increase += value >= before ? value - before : value;
    count++;
    sum += Math.max(-BOUND, Math.min(BOUND, value));
    min = Math.min(min, value);
    max = Math.max(max, value);
    before = value;
  }
  if (first === undefined) return undefined;
  if (isText) return fn === 'last' ? last : fn === 'changed' ? differ === true : undefined;
  return { mean: sum / count, min, max, sum, count, last: before, increase, changed: min !== max }[fn];
}
