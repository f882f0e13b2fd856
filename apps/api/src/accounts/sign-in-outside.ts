import { type Actor, audit } from '../audit/index.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';
import { addChallenge, takeChallenge } from './challenge-store.ts';
import { accountFor, OutsideRefusal } from './outside-account.ts';
import { linkIdentity, markOutside } from './outside-identity-store.ts';
import type { Begun, OutsideIdentity, OutsideProvider } from './outside-provider.ts';
import { type Client, endSession, sessionOfRefreshToken } from './session-store.ts';
import { type AuthDeps, completeSignIn, type SignedIn } from './sign-in.ts';
import { findUser } from './user-store.ts';

export type OutsideDeps = AuthDeps & { outside: OutsideProvider };
/** For whom an identity is to be linked, in which session. */
export interface Linking {
  userId: number;
  sessionId: string;
}
type Former = { id: string; user_id: number };
type Payload = Begun & { next: string; browser: string; former?: Former };

export const idTokenKey = (config: { secretKey: string }) => deriveKey(config.secretKey, 'ID tokens');

/** Only paths of this server, so that nobody is sent elsewhere after signing in. */
export const pathOf = (next: unknown) =>
  typeof next === 'string' && next.length <= 500 && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : '/';

/**
 * @param known the browser's refresh token, which it does not send when it comes back from another site
 * @returns where the browser goes, and what it must show when it comes back, so that only it can finish
 */
export async function beginOutside({ db, outside }: OutsideDeps, next: string, known?: string, linking?: Linking) {
  const browser = newSecret();
  const former = known ? await sessionOfRefreshToken(db, known) : undefined;
  const url = await outside.begin((begun) => {
    const payload: Payload = { ...begun, next, browser: sha256(browser), former };
    return addChallenge(db, 'outside', { ...linking, payload });
  });
  return { url: url.href, browser };
}

export interface Finished {
  next: string;
  /** Undefined when an identity was linked to the account that is signed in. */
  signedIn: SignedIn | undefined;
}

/** Of several concurrent callers, exactly one can finish. @throws OutsideRefusal */
export async function finishOutside(
  deps: OutsideDeps,
  query: string,
  browser: string | undefined,
  client: Client,
  requestId: string,
): Promise<Finished> {
  const given = new URLSearchParams(query);
  const state = given.get('state') ?? '';
  const taken = await takeChallenge(deps.db, 'outside', state);
  const { next, former, ...begun } = (taken?.payload ?? {}) as Partial<Payload>;
  if (!taken || !next || !browser || begun.browser !== sha256(browser)) throw new OutsideRefusal('expired');
  if (given.get('error') === 'access_denied') throw new OutsideRefusal('refused');
  const identity = await deps.outside.finish(query, state, begun as Begun);
  const actor: Actor = {
    ...{ kind: 'user', id: null, name: identity.email ?? null, address: client.address, requestId },
  };
  try {
    return await deps.db.transaction().execute(async (tx) => {
      if (taken.user_id === null) return { next, signedIn: await signIn(deps, tx, actor, identity, former, client) };
      await link(tx, actor, taken.user_id, identity);
      return { next, signedIn: undefined };
    });
  } catch (error) {
    if (error instanceof OutsideRefusal)
      await audit(deps.db, actor, { action: 'auth.outside_refused', details: { reason: error.problem } });
    throw error;
  }
}

async function signIn(
  deps: OutsideDeps,
  tx: Db,
  actor: Actor,
  identity: OutsideIdentity,
  former: Former | undefined,
  client: Client,
) {
  const user = await accountFor(tx, deps.outside.settings, actor, identity);
  const by = { ...actor, id: user.id, name: user.email };
  if (former && (await endSession(tx, former.user_id, former.id)))
    await publish(tx, { type: 'access_changed', user_id: former.user_id });
  const signedIn = await completeSignIn({ ...deps, db: tx }, user.id, by, undefined, client, 'identity_provider');
  await markOutside(tx, idTokenKey(deps.config), signedIn.sessionId, identity.idToken);
  return signedIn;
}

async function link(tx: Db, actor: Actor, userId: number, identity: OutsideIdentity): Promise<void> {
  const user = await findUser(tx, userId);
  if (!user?.is_active || !(await linkIdentity(tx, userId, identity))) throw new OutsideRefusal('linked_elsewhere');
  const by = { ...actor, id: userId, name: user.email };
  const target = { kind: 'user' as const, id: userId, name: user.email };
  const details = { email: identity.email ?? null };
  await audit(tx, by, { action: 'user.identity_linked', target, details });
  await publish(tx, { type: 'access_changed', user_id: userId });
}

export const noProvider = () => new AppError('not_found', 'This server has no outside identity provider.');
