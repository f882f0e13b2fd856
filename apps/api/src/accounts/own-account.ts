import { type Actor, audit } from '../audit/index.ts';
import type { Database, Db } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { dropLinksOf } from './one-time-link-store.ts';
import { checkPassword } from './password-again.ts';
import { checkNewPassword, hashPassword } from './passwords.ts';
import { endSessionsOf } from './session-store.ts';
import { updateUser } from './user-store.ts';

/** Users may change only their own name. @throws AppError not_found when the user has been removed in the meantime */
export async function changeProfile(db: Database, actor: Actor, id: number, { name }: { name?: string }) {
  return db.transaction().execute(async (tx) => {
    const user = await updateUser(tx, id, { name });
    if (!user) throw notFound('user');
    await audit(tx, actor, {
      action: 'user.changed',
      target: { kind: 'user', id, name: user.email },
      details: { name },
    });
    return user;
  });
}

/**
 * Also ends the user's other sessions, outstanding invitations, and what apps got through any session.
 * @param signOutOfApps in the same transaction @throws AppError invalid_credentials, validation_failed
 */
export async function changePassword(
  db: Database,
  actor: Actor,
  user: { id: number; email: string; session_id?: string },
  current: string,
  next: string,
  signOutOfApps: (tx: Db, userId: number) => Promise<void>,
): Promise<void> {
  await checkPassword(db, actor, user, current);
  const target = { kind: 'user' as const, id: user.id, name: user.email };
  await checkNewPassword(next, user.email);
  const hashed_password = await hashPassword(next);
  await db.transaction().execute(async (tx) => {
    await updateUser(tx, user.id, { hashed_password });
    await endSessionsOf(tx, user.id, user.session_id);
    await signOutOfApps(tx, user.id);
    await dropLinksOf(tx, user.id);
    await audit(tx, actor, { action: 'user.password_changed', target });
    await publish(tx, { type: 'access_changed', user_id: user.id });
  });
}
