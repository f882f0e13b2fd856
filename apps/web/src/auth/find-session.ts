import { readProblem } from '../api/problem';
import type { reach } from '../api/reachability';
import type { SignedIn } from '../api/types';
import { exclusively } from './tab-lock';
import { askOtherTabs, type Grant } from './tabs';

export const grantOf = ({ access_token, expires_in, user, enrolment_required }: SignedIn): Grant => ({
  token: access_token,
  expiresAt: Date.now() + expires_in * 1000,
  user,
  mustEnrol: enrolment_required,
});

/** A new access token for this browser's session, null if it has none. @throws ApiProblem or what `send` throws */
export async function refresh(send: typeof reach): Promise<Grant | null> {
  // keepalive: the reply must arrive even if the page closes, or the cookie would keep a used-up token.
  const response = await send('/api/auth/refresh', { method: 'POST', keepalive: true });
  if (response.ok) return grantOf((await response.json()) as SignedIn);
  if (response.status === 401) return null;
  throw await readProblem(response);
}

let found: Promise<Grant | null> | undefined;

/** Finds out who is signed in from the other tabs, or else from the server. */
export function findSession(): Promise<Grant | null> {
  found = askOtherTabs().then((known) => known ?? exclusively(() => refresh(fetch)));
  found.catch(() => undefined);
  return found;
}

/** Takes the result of findSession, once. Undefined if it was not called or failed. */
export async function foundSession(): Promise<Grant | null | undefined> {
  const before = found;
  found = undefined;
  return before?.catch(() => undefined);
}
