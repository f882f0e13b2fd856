import { useQuery } from '@tanstack/vue-query';
import { fetchSummary, metricKeys } from './queries';

const REFETCH_MS = 5 * 60_000;

/** What the last seven days were like, of one robot or of all that the person may see. */
export const useSummary = (robotId: () => number | undefined) =>
  useQuery({
    queryKey: metricKeys.summary(robotId),
    queryFn: () => fetchSummary(robotId()),
    refetchInterval: REFETCH_MS,
  });
