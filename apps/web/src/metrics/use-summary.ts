import { useQuery } from '@tanstack/vue-query';
import { fetchSummary, metricKeys } from './queries';

const REFETCH_MS = 5 * 60_000;

/** A summary of the last seven days, for one robot or for all that the person may see. */
export const useSummary = (robotId: () => number | undefined) =>
  useQuery({
    queryKey: metricKeys.summary(robotId),
    queryFn: () => fetchSummary(robotId()),
    refetchInterval: REFETCH_MS,
  });
