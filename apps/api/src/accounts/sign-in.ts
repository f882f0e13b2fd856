import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { issueAccessToken } from './access-token.ts';
import { verifyPassword } from './passwords.ts';
import {
  type Client,
  endSession,
  findLiveSession,
  findRefreshToken,
  openSession,
  useRefreshToken,
} from './session-store.ts';
import { type SignInAttempts, spendSignIn } from './sign-in-attempts.ts';
import type { SigningKeys } from './signing-keys.ts';
import { findCredentials, findUser, normaliseEmail } from './user-store.ts';

export interface AuthDeps {
  db: Database;
  config: Config;
  keys: SigningKeys;
  attempts: SignInAttempts;
}

/** What a signed-in client gets: the reply's body, and the refresh token for the cookie. */
export type SignedIn = Awaited<ReturnType<typeof startSession>>;

export async function startSession({ db, config, keys }: AuthDeps, userId: number, client: Client) {
  const session = await openSession(db, userId, client, config.auth);
  return credentials({ db, config, keys }, userId, session.id, session.refreshToken);
}

async function credentials(
  { db, config, keys }: Pick<AuthDeps, 'db' | 'config' | 'keys'>,
  userId: number,
  sessionId: string,
  refreshToken: string,
) {
  const user = await findUser(db, userId);
  if (!user) throw new AppError('session_ended', 'This account no longer exists.');
  const ttl = config.auth.accessTokenTtl;
  const access_token = await issueAccessToken(keys, { id: sessionId, userId }, ttl);
  return { refreshToken, body: { access_token, token_type: 'Bearer' as const, expires_in: ttl, user } };
}

/**
 * @param known the browser's refresh token, if any
 * @throws AppError invalid_credentials, the same for unknown e-mails, wrong passwords and inactive users; rate_limited
 */
export async function signIn(
  deps: AuthDeps,
  input: { email: string; password: string },
  known: string | undefined,
  client: Client,
  requestId: string,
) {
  const email = normaliseEmail(input.email);
  const session = known ? await findLiveSession(deps.db, known, email) : undefined;
  const giveBack = await spendSignIn(deps.attempts, { email, address: client.address, session });
  const user = await findCredentials(deps.db, email);
  const good = await verifyPassword(user?.hashed_password, input.password);
  const actor: Actor = {
    kind: 'user',
    id: user?.id ?? null,
    name: email.slice(0, 255),
    address: client.address,
    requestId,
  };
  if (!user || !good || !user.is_active) {
    await audit(deps.db, actor, { action: 'auth.login_failed' });
    throw new AppError('invalid_credentials', 'The e-mail or the password is wrong.');
  }
  await giveBack();
  return deps.db.transaction().execute(async (tx) => {
    await audit(tx, actor, { action: 'auth.login' });
    return startSession({ ...deps, db: tx }, user.id, client);
  });
}

/**
 * Exchanges a refresh token for the next. A token used twice has been stolen or copied, so the whole session ends.
 * @throws AppError session_ended
 */
export async function refreshSession(deps: AuthDeps, token: string | undefined, client: Client, requestId: string) {
  const { db, config } = deps;
  const outcome = await db.transaction().execute(async (tx) => {
    const found = token ? await findRefreshToken(tx, token, config.auth) : undefined;
    if (!found?.is_active || found.is_too_old || found.expires_at < new Date()) return undefined;
    if (found.used_at) {
      await endSession(tx, found.user_id, found.session_id);
      const actor: Actor = { kind: 'user', id: found.user_id, name: null, address: client.address, requestId };
      await audit(tx, actor, { action: 'auth.refresh_token_replayed', details: { session_id: found.session_id } });
      await publish(tx, { type: 'access_changed', user_id: found.user_id });
      return undefined;
    }
    return { ...found, next: await useRefreshToken(tx, found.hash, found.session_id, config.auth) };
  });
  if (!outcome) throw new AppError('session_ended', 'This session has ended. Sign in again.');
  return credentials(deps, outcome.user_id, outcome.session_id, outcome.next);
}
