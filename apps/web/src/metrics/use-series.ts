import { useQueries, useQuery } from '@tanstack/vue-query';
import { computed, watch } from 'vue';
import type { SeriesReply } from '../api/types';
import { type Charted, inOrder } from './charts';
import { hasCounters } from './measurement-units';
import { fetchMeasurements, fetchSeries, metricKeys, type SeriesQuery } from './queries';
import { COUNTER_STEP_S, isPreset, LONG_STEP_S, spanQuery, type TimeRange } from './time-range';
import { noteServerTime } from './use-time-range';

export type Measurement = { measurement: string; fields: { field: string; type: string }[] };
const SHORTEST_REFETCH_MS = 5_000;
const LONGEST_REFETCH_MS = 60_000;
/** Often enough to show the measurements of a robot that has just started reporting. */
const MEASUREMENTS_REFETCH_MS = 15_000;

export function useMeasurements(robotId: () => number) {
  return useQuery({
    queryKey: metricKeys.measurements(robotId),
    queryFn: () => fetchMeasurements(robotId()),
    refetchInterval: MEASUREMENTS_REFETCH_MS,
  });
}

/** The request for a range, and how often it is refetched. */
function asked(range: TimeRange, everySeconds: number, shiftMs: number) {
  const { aheadMs, ...query } = spanQuery(range, shiftMs);
  const refetch = Math.min(LONGEST_REFETCH_MS, Math.max(SHORTEST_REFETCH_MS, everySeconds * 1000));
  return { query, aheadMs, refetchInterval: isPreset(range) ? refetch : (false as const) };
}

/** Means over windows; of long ones, in which peaks would vanish, also the lowest and highest values. */
async function fetchCharted(id: number, measurement: string, query: SeriesQuery, every: number): Promise<Charted> {
  const read = (how: Partial<SeriesQuery>) => fetchSeries(id, measurement, { ...query, ...how });
  // A rate needs the exact times of a counter's samples, which a mean over a window does not have.
  if (hasCounters(measurement))
    return read({ fn: 'last', times: 'sample', every: `${Math.min(every, COUNTER_STEP_S)}s` });
  if (every < LONG_STEP_S) return read({ fn: 'mean' });
  const [mean, low, high] = await Promise.all([read({ fn: 'mean' }), read({ fn: 'min' }), read({ fn: 'max' })]);
  return { ...mean, low: low.series, high: high.series };
}

/**
 * The series of every measurement over one range, refetched while the range is live. Those of the previous range stay
 * until the new ones have loaded.
 */
export function useSeries(
  robotId: () => number,
  measurements: () => string[],
  range: () => TimeRange,
  everySeconds: () => number,
  shiftMs: () => number,
) {
  /** Replaces keepPreviousData: useQueries gives each key its own observer, which has no previous data. */
  const newest = new Map<string, Charted>();
  const queries = computed(() => {
    const [id, every] = [robotId(), everySeconds()];
    const { query, aheadMs, refetchInterval } = asked(range(), every, shiftMs());
    return inOrder(measurements()).map((measurement) => ({
      queryKey: metricKeys.series(id, measurement, query, every),
      queryFn: async () => {
        const reply = await fetchCharted(id, measurement, { ...query, every: `${every}s` }, every);
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
/** The longest `fields` parameter to send: names separated by commas. */
const LONGEST_FIELDS = 4000;

/** Like `useSeries`, for booleans and strings. */
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
      // Without `fields`, the reply has every field.
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
