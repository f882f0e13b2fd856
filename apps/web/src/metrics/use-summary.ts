import { useQuery } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';

const REFETCH_MS = 5 * 60_000;

/** What the last seven days were like, of one robot or of all that the person may see. */
export const useSummary = (robotId: () => number | undefined) =>
  useQuery({
    queryKey: ['summary', robotId],
    queryFn: () => {
      const id = robotId();
      return id === undefined
        ? dataOf(api.GET('/api/fleet/summary'))
        : dataOf(api.GET('/api/robots/{id}/summary', { params: { path: { id } } }));
    },
    refetchInterval: REFETCH_MS,
  });
