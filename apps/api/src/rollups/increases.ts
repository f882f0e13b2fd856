import type { Series } from '../stores/index.ts';
import { hourOf } from './rollup.ts';

/** What tells one field of one series from the others of a robot. */
export const keyOf = (measurement: string, field: string, tags: Record<string, string>): string =>
  JSON.stringify([measurement, field, Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))]);

/**
 * How much counters grew in each hour: the steps from one value to the next, in the hour of the later one. One that fell was set
 * back to zero, and has grown by what it says since (as Prometheus' increase() takes it).
 * @param before the last value each had before the first of these points, by key
 */
export function increasesOf(measurement: string, series: Series[], before: Map<string, number>): Map<string, number> {
  const increases = new Map<string, number>();
  for (const { field, tags, points } of series) {
    const key = keyOf(measurement, field, tags);
    let former = before.get(key);
    for (const [time, value] of points) {
      if (typeof value !== 'number') continue;
      if (former !== undefined) {
        const hour = `${hourOf(time)} ${key}`;
        increases.set(hour, (increases.get(hour) ?? 0) + (value >= former ? value - former : value));
      }
      former = value;
    }
  }
  return increases;
}
