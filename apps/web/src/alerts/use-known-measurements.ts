import { useQuery } from '@tanstack/vue-query';
import { computed } from 'vue';
import type { Measurement, Robot } from '../api/types';
import { fetchMeasurements, metricKeys } from '../metrics/queries';

/** Those of one of the robots, the one heard last: what is there to choose from. */
export function useKnownMeasurements(robots: () => Robot[]) {
  const example = computed(() => robots().reduce<Robot | undefined>(newer, undefined)?.id ?? 0);
  const { data } = useQuery({
    queryKey: metricKeys.measurements(() => example.value),
    queryFn: () => fetchMeasurements(example.value),
    enabled: () => example.value > 0,
  });
  return computed<Measurement[]>(() => data.value?.items ?? []);
}

const newer = (found: Robot | undefined, robot: Robot): Robot =>
  found && (found.last_seen_at ?? '') >= (robot.last_seen_at ?? '') ? found : robot;
