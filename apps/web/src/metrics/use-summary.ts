import { useQuery } from '@tanstack/vue-query';
import { asProblem } from '../api/problem';
import { fetchSummary, metricKeys } from './queries';

const REFETCH_MS = 5 * 60_000;

/** UTC's days where the server does not know the zone, being older than the browser, or the fleet is too large for others. */
const inOwnZone = (id: number | undefined, zone: string) =>
  fetchSummary(id, zone).catch((error) => {
    if (asProblem(error).code !== 'validation_failed') throw error;
    return fetchSummary(id, 'UTC');
  });

/** A summary of the last seven days, by this computer's days, for one robot or for all that the person may see. */
export function useSummary(robotId: () => number | undefined) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return useQuery({
    queryKey: metricKeys.summary(robotId, zone),
    queryFn: () => inOwnZone(robotId(), zone),
    refetchInterval: REFETCH_MS,
  });
}
