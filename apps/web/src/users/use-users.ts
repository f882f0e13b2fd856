import { useQuery } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';
import type { Account } from '../api/types';

async function fetchUsers(): Promise<Account[]> {
  const users: Account[] = [];
  let cursor: string | undefined;
  do {
    const page = await dataOf(api.GET('/api/users', { params: { query: { limit: 1000, cursor } } }));
    users.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return users;
}

/** Everybody with an account here; administrators only. */
export const useUsers = () => useQuery({ queryKey: ['users'], queryFn: fetchUsers });
