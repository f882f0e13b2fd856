import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';

export const sessionKeys = { all: ['sessions'] as const };

export const signIn = (body: { email: string; password: string }) => dataOf(api.POST('/api/auth/login', { body }));

export type GivenCode = { code: string } | { recovery_code: string };
export const signInSecondStep = (body: { challenge: string } & GivenCode) =>
  dataOf(api.POST('/api/auth/login/second-factor', { body }));

/** Creates the first administrator and signs them in. */
export const setUp = (body: { token: string; name: string; email: string; password: string }) =>
  dataOf(api.POST('/api/auth/setup', { body }));

export const readInvitation = (token: string) => dataOf(api.POST('/api/auth/invitation', { body: { token } }));

export const acceptInvitation = (body: { token: string; name: string; password: string }) =>
  dataOf(api.POST('/api/auth/invitation/accept', { body }));

export const fetchOwnUser = () => dataOf(api.GET('/api/auth/me'));

export const changeOwnName = (name: string) => dataOf(api.PATCH('/api/auth/me', { body: { name } }));

/** Ends the person's other sessions, so their list is read again. */
export async function changePassword(
  queries: QueryClient,
  body: { current_password: string; new_password: string },
): Promise<void> {
  await api.POST('/api/auth/password', { body });
  void queries.invalidateQueries({ queryKey: sessionKeys.all });
}

export const factorKeys = { all: ['second-factor'] as const };
export const fetchFactors = () => dataOf(api.GET('/api/auth/second-factor'));
export const beginTotp = (current_password: string) =>
  dataOf(api.POST('/api/auth/second-factor/totp', { body: { current_password } }));

/** Ends the person's other sessions. @returns the recovery codes, which are shown only now */
export const confirmTotp = async (code: string): Promise<string[]> =>
  (await dataOf(api.POST('/api/auth/second-factor/totp/confirm', { body: { code } }))).recovery_codes;

export const removeTotp = (body: { current_password: string } & GivenCode) =>
  api.POST('/api/auth/second-factor/totp/remove', { body });

export const renewRecoveryCodes = async (body: { current_password: string; code: string }): Promise<string[]> =>
  (await dataOf(api.POST('/api/auth/second-factor/recovery-codes', { body }))).recovery_codes;

/** After a change of what signs this person in. */
export async function readFactorsAgain(queries: QueryClient): Promise<void> {
  void queries.invalidateQueries({ queryKey: sessionKeys.all });
  await queries.invalidateQueries({ queryKey: factorKeys.all });
}

export const outsideKeys = { all: ['outside-identity'] as const };
export const fetchOutside = () => dataOf(api.GET('/api/auth/outside'));

/** @returns where the browser goes on */
export const linkOutside = (current_password: string) =>
  dataOf(api.POST('/api/auth/outside/link', { body: { current_password } }));

export async function unlinkOutside(queries: QueryClient, current_password: string): Promise<void> {
  await api.POST('/api/auth/outside/unlink', { body: { current_password } });
  await queries.invalidateQueries({ queryKey: outsideKeys.all });
}

export const fetchSessions = () => dataOf(api.GET('/api/auth/sessions'));

export async function endOtherSessions(queries: QueryClient): Promise<void> {
  await api.DELETE('/api/auth/sessions');
  await queries.invalidateQueries({ queryKey: sessionKeys.all });
}

export async function endSession(queries: QueryClient, id: string): Promise<void> {
  await api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } });
  await queries.invalidateQueries({ queryKey: sessionKeys.all });
}
