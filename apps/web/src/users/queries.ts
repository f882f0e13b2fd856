import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';
import type { Account, Invited } from '../api/types';

export const userKeys = { all: ['users'] as const };

type Role = 'user' | 'admin';
const at = (id: number) => ({ params: { path: { id } } });
const readAgain = (queries: QueryClient) => queries.invalidateQueries({ queryKey: userKeys.all });

export async function fetchUsers(): Promise<Account[]> {
  const users: Account[] = [];
  let cursor: string | undefined;
  do {
    const page = await dataOf(api.GET('/api/users', { params: { query: { limit: 1000, cursor } } }));
    users.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return users;
}

/** Does not wait for the list: the invitation link is shown at once. */
export async function inviteUser(
  queries: QueryClient,
  body: { email: string; name: string; role: Role },
): Promise<Invited> {
  const invited = await dataOf(api.POST('/api/users', { body }));
  void readAgain(queries);
  return invited;
}

/** A new link in place of the one the person has lost. */
export const inviteAgain = (id: number): Promise<Invited> => dataOf(api.POST('/api/users/{id}/invitation', at(id)));

export async function changeUser(
  queries: QueryClient,
  id: number,
  body: { role?: Role; is_active?: boolean },
): Promise<void> {
  await api.PATCH('/api/users/{id}', { ...at(id), body });
  await readAgain(queries);
}

/** For somebody who has lost them all. */
export async function resetFactors(queries: QueryClient, id: number): Promise<void> {
  await api.DELETE('/api/users/{id}/second-factor', at(id));
  await readAgain(queries);
}

export async function deleteUser(queries: QueryClient, id: number): Promise<void> {
  await api.DELETE('/api/users/{id}', at(id));
  await readAgain(queries);
}
