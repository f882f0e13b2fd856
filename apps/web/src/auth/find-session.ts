import { readProblem } from '../api/problem';
import type { reach } from '../api/reachability';
import type { SignedIn } from '../api/types';
import { exclusively } from './tab-lock';
import { askOtherTabs, type Grant } from './tabs';

export const grantOf = ({ access_token, expires_in, user }: SignedIn): Grant => ({
  token: access_token,
  expiresAt: Date.now() + expires_in * 1000,
  user,
});

/** A new access token for the session of this browser; null when it has none. @throws ApiProblem or what `send` throws */
export async function refresh(send: typeof reach): Promise<Grant | null> {
  // keepalive: the reply must be taken even when the page goes, or the cookie would be one that was used.
  const response = await send('/api/auth/refresh', { method: 'POST', keepalive: true });
  if (response.ok) return grantOf((await response.json()) as SignedIn);
  if (response.status === 401) return null;
  throw await readProblem(response);
}

let found: Promise<Grant | null> | undefined;

/** Who is signed in: as the other tabs know, or else the server. */
export function findSession(): Promise<Grant | null> {
  found = askOtherTabs().then((known) => known ?? exclusively(() => refresh(fetch)));
  found.catch(() => undefined);
  return found;
}

/** What findSession found, once; undefined when it was not called or nobody answered. */
export async function foundSession(): Promise<Grant | null | undefined> {
  const before = found;
  found = undefined;
  return before?.catch(() => undefined);
}
