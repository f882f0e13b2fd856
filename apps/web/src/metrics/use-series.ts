import { useQueries, useQuery } from '@tanstack/vue-query';
import { computed, watch } from 'vue';
import type { SeriesReply } from '../api/types';
import { inOrder } from './charts';
import { hasCounters } from './measurement-units';
import { fetchMeasurements, fetchSeries, metricKeys } from './queries';
import { isPreset, spanQuery, type TimeRange } from './time-range';
import { noteServerTime } from './use-time-range';

export type Measurement = { measurement: string; fields: { field: string; type: string }[] };
const SHORTEST_REFETCH_MS = 5_000;
const LONGEST_REFETCH_MS = 60_000;
/** A robot that has just begun to send shows new measurements soon. */
const MEASUREMENTS_REFETCH_MS = 15_000;

export function useMeasurements(robotId: () => number) {
  return useQuery({
    queryKey: metricKeys.measurements(robotId),
    queryFn: () => fetchMeasurements(robotId()),
    refetchInterval: MEASUREMENTS_REFETCH_MS,
  });
}

/** How the API is asked for a range, and how soon again. */
function asked(range: TimeRange, everySeconds: number, shiftMs: number) {
  const { aheadMs, ...query } = spanQuery(range, shiftMs);
  const refetch = Math.min(LONGEST_REFETCH_MS, Math.max(SHORTEST_REFETCH_MS, everySeconds * 1000));
  return { query, aheadMs, refetchInterval: isPreset(range) ? refetch : (false as const) };
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
  shiftMs: () => number,
) {
  /** TanStack's keepPreviousData knows nothing of a former range: a list of queries gives each key an observer of its own. */
  const newest = new Map<string, SeriesReply>();
  const queries = computed(() => {
    const [id, every] = [robotId(), everySeconds()];
    const { query, aheadMs, refetchInterval } = asked(range(), every, shiftMs());
    return inOrder(measurements()).map((measurement) => ({
      queryKey: metricKeys.series(id, measurement, query, every),
      queryFn: async () => {
        // The growth of a counter is divided by the time between its samples, which a mean over a window has not.
        const fn = hasCounters(measurement)
          ? { fn: 'last' as const, times: 'sample' as const }
          : { fn: 'mean' as const };
        const reply = await fetchSeries(id, measurement, { ...query, every: `${every}s`, ...fn });
        if (aheadMs !== undefined) noteServerTime(Date.parse(reply.to) - aheadMs);
        return reply;
      },
      refetchInterval,
      placeholderData: () => newest.get(measurement),
    }));
  });
  const results = useQueries({ queries });
  watch(results, (all) => {
    for (const { data } of all) if (data) newest.set(data.measurement, data);
  });
  return results;
}

const isState = ({ type }: { type: string }) => type === 'boolean' || type === 'string';
/** More text than this is not taken for `fields`, which has a comma between names. */
const LONGEST_FIELDS = 4000;

/** As `useSeries`, what the booleans and strings of a robot said. */
export function useStates(
  robotId: () => number,
  measurements: () => Measurement[],
  range: () => TimeRange,
  everySeconds: () => number,
  shiftMs: () => number,
) {
  const newest = new Map<string, SeriesReply>();
  const queries = computed(() => {
    const [id, every] = [robotId(), everySeconds()];
    const { query, refetchInterval } = asked(range(), every, shiftMs());
    const withStates = measurements().filter(({ fields }) => fields.some(isState));
    return withStates.map(({ measurement, fields }) => {
      const states = fields.filter(isState).map(({ field }) => field);
      const list = states.join(',');
      // What cannot be named is found among all.
      const named = list.length > LONGEST_FIELDS || states.some((field) => field.includes(',')) ? undefined : list;
      const how = { fn: 'last' as const, times: 'sample' as const, every: `${every}s`, fields: named };
      return {
        queryKey: metricKeys.states(id, measurement, list, query, every),
        queryFn: () => fetchSeries(id, measurement, { ...query, ...how }),
        refetchInterval,
        placeholderData: () => newest.get(measurement),
      };
    });
  });
  const results = useQueries({ queries });
  watch(results, (all) => {
    for (const { data } of all) if (data) newest.set(data.measurement, data);
  });
  return results;
}
