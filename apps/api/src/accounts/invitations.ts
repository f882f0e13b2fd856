import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { findLink, staleLink, takeLink } from './one-time-link-store.ts';
import { checkNewPassword, hashPassword } from './passwords.ts';
import { endSessionsOf } from './session-store.ts';
import { findUser, updateUser } from './user-store.ts';

/** Finds the user an invitation is for. @throws AppError link_invalid */
export async function readInvitation(db: Database, token: string) {
  const link = await findLink(db, 'invitation', token);
  const user = link?.user_id ? await findUser(db, link.user_id) : undefined;
  if (!user) throw staleLink();
  return { email: user.email, name: user.name, invited: user.invited };
}

/**
 * Sets the invited user's password, once, and ends existing sessions. @throws AppError link_invalid, validation_failed
 */
export async function acceptInvitation(
  db: Database,
  actor: Actor,
  input: { token: string; password: string; name?: string },
): Promise<number> {
  const { email } = await readInvitation(db, input.token);
  await checkNewPassword(input.password, email);
  const hashed_password = await hashPassword(input.password);
  return db.transaction().execute(async (tx) => {
    const link = await takeLink(tx, 'invitation', input.token);
    const user = link?.user_id
      ? await updateUser(tx, link.user_id, { hashed_password, ...(input.name ? { name: input.name } : {}) })
      : undefined;
    if (!user?.is_active) throw staleLink();
    await endSessionsOf(tx, user.id);
    await publish(tx, { type: 'access_changed', user_id: user.id });
    await audit(
      tx,
      { ...actor, id: user.id, name: email },
      { action: 'user.invitation_accepted', target: { kind: 'user', id: user.id, name: email } },
    );
    return user.id;
  });
}
