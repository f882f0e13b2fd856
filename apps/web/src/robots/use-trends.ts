import { useIntervalFn, watchDebounced } from '@vueuse/core';
import { shallowReactive } from 'vue';
import type { Trend } from '../api/types';
import { fetchTrends, MAX_TREND_IDS } from './queries';

const FRESH_MS = 60_000;

/** The last hour of the robots in view, fetched once a minute and only for them. */
export function useTrends(visibleIds: () => number[]) {
  const trends = shallowReactive(new Map<number, Trend>());
  const readAt = new Map<number, number>();

  async function read() {
    const now = Date.now();
    const wanted = visibleIds()
      .filter((id) => now - (readAt.get(id) ?? 0) > FRESH_MS)
      .slice(0, MAX_TREND_IDS);
    if (wanted.length === 0) return;
    for (const id of wanted) readAt.set(id, now);
    try {
      for (const trend of await fetchTrends(wanted)) trends.set(trend.robot_id, trend);
    } catch {
      for (const id of wanted) readAt.delete(id);
    }
  }

  watchDebounced(() => visibleIds().join(), read, { debounce: 120, immediate: true });
  useIntervalFn(read, 10_000);
  return trends;
}
