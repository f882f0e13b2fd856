import { useQuery } from '@tanstack/vue-query';
import { computed } from 'vue';
import type { Account } from '../api/types';
import { useSession } from '../auth/session';
import { fetchUsers, userKeys } from '../users/queries';

/** Whose rules they may be: everybody, for administrators; nobody is known to others, who see their own only. */
export function useOwners() {
  const session = useSession();
  const { data } = useQuery({ queryKey: userKeys.all, queryFn: fetchUsers, enabled: () => session.isAdmin });
  return computed(() => new Map<number, Account>(data.value?.map((user) => [user.id, user])));
}
