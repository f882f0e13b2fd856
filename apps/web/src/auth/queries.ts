import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';

export const sessionKeys = { all: ['sessions'] as const };

export const signIn = (body: { email: string; password: string }) => dataOf(api.POST('/api/auth/login', { body }));

/** Creates the first administrator and signs them in. */
export const setUp = (body: { token: string; name: string; email: string; password: string }) =>
  dataOf(api.POST('/api/auth/setup', { body }));

export const readInvitation = (token: string) => dataOf(api.POST('/api/auth/invitation', { body: { token } }));

export const acceptInvitation = (body: { token: string; name: string; password: string }) =>
  dataOf(api.POST('/api/auth/invitation/accept', { body }));

export const changeOwnName = (name: string) => dataOf(api.PATCH('/api/auth/me', { body: { name } }));

/** Ends the person's other sessions, so their list is read again. */
export async function changePassword(
  queries: QueryClient,
  body: { current_password: string; new_password: string },
): Promise<void> {
  await api.POST('/api/auth/password', { body });
  void queries.invalidateQueries({ queryKey: sessionKeys.all });
}

export const fetchSessions = () => dataOf(api.GET('/api/auth/sessions'));

export async function endSession(queries: QueryClient, id: string): Promise<void> {
  await api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } });
  await queries.invalidateQueries({ queryKey: sessionKeys.all });
}
