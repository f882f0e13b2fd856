import { useQuery } from '@tanstack/vue-query';
import { fetchUsers, userKeys } from './queries';

/** Everybody with an account here; administrators only. */
export const useUsers = () => useQuery({ queryKey: userKeys.all, queryFn: fetchUsers });
