import { useQuery } from '@tanstack/vue-query';
import { fetchServer, serverKeys } from './queries';

/** What this server offers. It does not change while the page is open. */
export const useServer = () =>
  useQuery({ queryKey: serverKeys.all, queryFn: fetchServer, staleTime: Number.POSITIVE_INFINITY });
