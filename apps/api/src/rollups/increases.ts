import type { Series } from '../stores/index.ts';
import { hourOf } from './rollup.ts';

/** Identifies one field of one series within a robot. */
export const keyOf = (measurement: string, field: string, tags: Record<string, string>): string =>
  JSON.stringify([measurement, field, Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))]);

/**
 * Growth of counters per hour. Each step counts in the hour of its later value. A falling value is a reset to zero, as in
 * Prometheus' increase(). @param before each counter's last value before these points, by key
 * @returns increase by `<hour> <key>`
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
