import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database, Db, Role } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { addLink } from './one-time-link-store.ts';
import { checkNewPassword, hashPassword } from './passwords.ts';
import { endSessionsOf } from './session-store.ts';
import {
  countActiveAdmins,
  deleteUser,
  findUser,
  insertUser,
  lockAdmins,
  lockUser,
  NO_PASSWORD,
  normaliseEmail,
  updateUser,
} from './user-store.ts';

interface NewUser {
  email: string;
  name: string;
  role?: Role;
  password?: string;
}

const target = (user: { id: number; email: string }) => ({ kind: 'user' as const, id: user.id, name: user.email });

/** Without a password, the user gets an invitation link to set one. @throws AppError email_taken */
export async function createUser(db: Database, config: Config, actor: Actor, input: NewUser) {
  const email = normaliseEmail(input.email);
  if (input.password !== undefined) await checkNewPassword(input.password, email);
  const hashed_password = input.password === undefined ? NO_PASSWORD : await hashPassword(input.password);
  return db.transaction().execute(async (tx) => {
    const user = await insertUser(tx, { email, name: input.name, role: input.role ?? 'user', hashed_password });
    await audit(tx, actor, { action: 'user.created', target: target(user), details: { role: user.role } });
    return input.password === undefined ? { ...user, ...(await invitation(tx, config, user.id)) } : user;
  });
}

/** Issues a new link to a user who lost the invitation or the password, and invalidates the previous one. */
export async function inviteAgain(db: Database, config: Config, actor: Actor, id: number) {
  return db.transaction().execute(async (tx) => {
    const user = await findUser(tx, id);
    if (!user) throw notFound('user');
    await audit(tx, actor, { action: 'user.invited', target: target(user) });
    return { ...user, ...(await invitation(tx, config, id)) };
  });
}

/** The secret is in the fragment, which browsers never send, so it stays out of server logs. */
async function invitation(db: Db, { publicUrl, auth }: Config, userId: number) {
  const secret = await addLink(db, 'invitation', userId, auth.invitationTtl);
  const invitation_expires_at = new Date(Date.now() + auth.invitationTtl * 1000);
  return { invitation_url: `${publicUrl}/invitation#${secret}`, invitation_expires_at };
}

/** Deactivating a user ends all of the user's sessions at once. @throws AppError not_found, last_admin */
export async function changeUser(
  db: Database,
  actor: Actor,
  id: number,
  { name, role, is_active }: { name?: string; role?: Role; is_active?: boolean },
) {
  const change = { name, role, is_active };
  return db.transaction().execute(async (tx) => {
    await lockAdmins(tx);
    const before = await findUser(tx, id);
    if (!before) throw notFound('user');
    const weakens = change.role === 'user' || change.is_active === false;
    if (weakens) await keepOneAdmin(tx, before);
    const user = await updateUser(tx, id, change);
    if (!user) throw notFound('user');
    if (change.is_active === false) await endSessionsOf(tx, id);
    await audit(tx, actor, { action: 'user.changed', target: target(user), details: change });
    await publish(tx, { type: 'access_changed', user_id: id });
    return user;
  });
}

/**
 * Releases a user's robots in the transaction that deletes the user. @returns the number of robots left without an
 * owner
 */
export type ReleaseOwned = (tx: Db, userId: number) => Promise<number>;

/**
 * The user's robots stay, without an owner, until an administrator reassigns them. @throws AppError not_found,
 * last_admin
 */
export async function removeUser(db: Database, release: ReleaseOwned, actor: Actor, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockAdmins(tx);
    await lockUser(tx, id);
    const user = await findUser(tx, id);
    if (!user) throw notFound('user');
    await keepOneAdmin(tx, user);
    const robots = await release(tx, id);
    await deleteUser(tx, id);
    await audit(tx, actor, { action: 'user.deleted', target: target(user), details: { robots_left: robots } });
    await publish(tx, { type: 'access_changed', user_id: id });
  });
}

async function keepOneAdmin(db: Db, user: { id: number; role: Role; is_active: boolean }): Promise<void> {
  if (user.role !== 'admin' || !user.is_active) return;
  if ((await countActiveAdmins(db, user.id)) === 0) {
    throw new AppError(
      'last_admin',
      'This is the last active administrator. Make another user an administrator first.',
    );
  }
}
