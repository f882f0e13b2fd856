import { useQuery } from '@tanstack/vue-query';
import { fetchUsers, userKeys } from './queries';

/** Every account on this server; for administrators only. */
export const useUsers = () => useQuery({ queryKey: userKeys.all, queryFn: fetchUsers });
