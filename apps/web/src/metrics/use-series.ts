import { useQueries, useQuery } from '@tanstack/vue-query';
import { computed, watch } from 'vue';
import { api, dataOf } from '../api/client';
import type { SeriesReply } from '../api/types';
import { inOrder } from './charts';
import { hasCounters } from './measurement-units';
import { isPreset, type TimeRange } from './time-range';
import { noteServerTime } from './use-time-range';

const SHORTEST_REFETCH_MS = 5_000;
const LONGEST_REFETCH_MS = 60_000;
/** A robot that has just begun to send shows new measurements soon. */
const MEASUREMENTS_REFETCH_MS = 15_000;

export function useMeasurements(robotId: () => number) {
  return useQuery({
    queryKey: ['robot', robotId, 'measurements'],
    queryFn: () => dataOf(api.GET('/api/robots/{id}/metrics', { params: { path: { id: robotId() } } })),
    refetchInterval: MEASUREMENTS_REFETCH_MS,
  });
}

/**
 * The series of every measurement over one range, read again as they grow while the range is live; those of the range
 * before stay until the new ones are there.
 */
export function useSeries(
  robotId: () => number,
  measurements: () => string[],
  range: () => TimeRange,
  everySeconds: () => number,
) {
  /** TanStack's keepPreviousData knows nothing of a former range: a list of queries gives each key an observer of its own. */
  const newest = new Map<string, SeriesReply>();
  const queries = computed(() => {
    const [id, every, wanted] = [robotId(), everySeconds(), range()];
    const refetch = Math.min(LONGEST_REFETCH_MS, Math.max(SHORTEST_REFETCH_MS, every * 1000));
    const query = isPreset(wanted)
      ? { from: `-${wanted.preset}`, to: undefined }
      : { from: new Date(wanted.from).toISOString(), to: new Date(wanted.to).toISOString() };
    return inOrder(measurements()).map((measurement) => ({
      queryKey: ['robot', id, 'series', measurement, query, every],
      queryFn: async () => {
        // The growth of a counter is divided by the time between its samples, which a mean over a window has not.
        const fn = hasCounters(measurement)
          ? { fn: 'last' as const, times: 'sample' as const }
          : { fn: 'mean' as const };
        const params = { path: { id, measurement }, query: { ...query, every: `${every}s`, ...fn } };
        const reply = await dataOf(api.GET('/api/robots/{id}/metrics/{measurement}', { params }));
        if (isPreset(wanted)) noteServerTime(reply.to);
        return reply;
      },
      refetchInterval: isPreset(wanted) ? refetch : (false as const),
      placeholderData: () => newest.get(measurement),
    }));
  });
  const results = useQueries({ queries });
  watch(results, (all) => {
    for (const { data } of all) if (data) newest.set(data.measurement, data);
  });
  return results;
}
