import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { verifyAccessToken } from './access-token.ts';
import { endSession, endSessionOfRefreshToken } from './session-store.ts';
import type { SigningKeys } from './signing-keys.ts';
import { findUser } from './user-store.ts';

/** Ends the sessions of the refresh token and of the access token. They may be the same one, or already gone. */
export async function signOut(
  { db, keys }: { db: Database; keys: SigningKeys },
  actor: Actor,
  tokens: { refresh: string | undefined; access: string | undefined },
): Promise<void> {
  const named = tokens.access ? await sessionOf(keys, tokens.access) : undefined;
  await db.transaction().execute(async (tx) => {
    const ended = new Set<number>();
    const owner = tokens.refresh && (await endSessionOfRefreshToken(tx, tokens.refresh));
    if (owner) ended.add(owner);
    if (named && (await endSession(tx, named.userId, named.sessionId))) ended.add(named.userId);
    for (const id of ended) {
      const user = await findUser(tx, id);
      await audit(tx, { ...actor, id, name: user?.email ?? null }, { action: 'auth.logout' });
      await publish(tx, { type: 'access_changed', user_id: id });
    }
  });
}

async function sessionOf(keys: SigningKeys, token: string) {
  try {
    return await verifyAccessToken(keys, token);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized') return undefined;
    throw error;
  }
}
