import { useQuery } from '@tanstack/vue-query';
import { api, dataOf } from './client';

/** What this server is and offers; it does not change while the page is open. */
export function useServer() {
  return useQuery({
    queryKey: ['server'],
    queryFn: () => dataOf(api.GET('/api/server')),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
