import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database, Db, SignInMethod } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { issueAccessToken } from './access-token.ts';
import { verifyPassword } from './passwords.ts';
import {
  type Client,
  endSession,
  endSessionOfRefreshToken,
  findLiveSession,
  findRefreshToken,
  findSessionUser,
  openSession,
  useRefreshToken,
} from './session-store.ts';
import { type SignInAttempts, spendSignIn } from './sign-in-attempts.ts';
import type { SigningKeys } from './signing-keys.ts';
import { findCredentials, normaliseEmail } from './user-store.ts';

export interface AuthDeps {
  db: Database;
  config: Config;
  keys: SigningKeys;
  attempts: SignInAttempts;
}

/** What a signed-in client gets: the reply's body, and what its cookies are made of. */
export type SignedIn = Awaited<ReturnType<typeof startSession>>;

export async function startSession(
  { db, config, keys }: Pick<AuthDeps, 'config' | 'keys'> & { db: Db },
  userId: number,
  client: Client,
  method: SignInMethod,
) {
  const session = await openSession(db, userId, client, method, config.auth);
  return credentials({ db, config, keys }, userId, session.id, session.refreshToken);
}

async function credentials(
  { db, config, keys }: Pick<AuthDeps, 'config' | 'keys'> & { db: Db },
  userId: number,
  sessionId: string,
  refreshToken: string,
) {
  const user = await findSessionUser(db, sessionId, userId);
  if (!user) throw new AppError('session_ended', 'This account no longer exists.');
  const ttl = config.auth.accessTokenTtl;
  const access_token = await issueAccessToken(keys, { id: sessionId, userId }, ttl);
  const body = {
    ...{ access_token, token_type: 'Bearer' as const, expires_in: ttl, user },
    ...(user.must_enrol && { enrolment_required: true as const }),
  };
  return { refreshToken, sessionId, body };
}

/**
 * @param askForMore throws when the password is not enough for this account
 * @param known the browser's refresh token, if any
 * @throws AppError invalid_credentials, the same for unknown e-mails, wrong passwords and inactive users; rate_limited
 */
export async function signIn(
  deps: AuthDeps,
  askForMore: (db: Db, userId: number) => Promise<void>,
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
  await askForMore(deps.db, user.id);
  return deps.db
    .transaction()
    .execute(async (tx) => completeSignIn({ ...deps, db: tx }, user.id, actor, known, client, 'password'));
}

/** In a transaction, when it is certain who is there. */
export async function completeSignIn(
  deps: Omit<AuthDeps, 'db'> & { db: Db },
  userId: number,
  actor: Actor,
  known: string | undefined,
  client: Client,
  method: SignInMethod,
) {
  await audit(deps.db, actor, { action: 'auth.login', details: { factor: method } });
  // The former session in this browser, of whomever: the apps opened through it must not stay open for the new user.
  // A script may keep the cookies of several people in one place, and goes on using all of their tokens.
  const former = known && client.isPage && (await endSessionOfRefreshToken(deps.db, known));
  if (former) await publish(deps.db, { type: 'access_changed', user_id: former });
  return startSession(deps, userId, client, method);
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
    const next = await useRefreshToken(tx, found.hash, found.session_id, config.auth);
    // Whoever repeats the token ends the session as soon as this is over.
    return credentials({ ...deps, db: tx }, found.user_id, found.session_id, next);
  });
  if (!outcome) throw new AppError('session_ended', 'This session has ended. Sign in again.');
  return outcome;
}
