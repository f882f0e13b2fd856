import { type Actor, audit, SYSTEM } from '../audit/audit-store.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import {
  countUsers,
  findCredentials,
  findUser,
  insertUser,
  lockAdmins,
  normaliseEmail,
  updateUser,
} from '../users/user-store.ts';
import { addLink, dropLinksOf, findLink, takeLink } from './one-time-link-store.ts';
import { checkNewPassword, hashPassword, verifyPassword } from './passwords.ts';
import { endSessionsOf } from './session-store.ts';

const staleLink = () =>
  new AppError('link_invalid', 'This link has been used, has expired or was replaced. Ask for a new one.');

/**
 * While there is no user: the configured administrator is created, or a one-time link to create one is made.
 * @returns that link, or undefined when somebody can sign in already
 */
export async function ensureFirstAdmin(db: Database, config: Config): Promise<string | undefined> {
  const hashed_password =
    config.admin && (await countUsers(db)) === 0 ? await hashPassword(config.admin.password) : undefined;
  return db.transaction().execute(async (tx) => {
    await lockAdmins(tx);
    if ((await countUsers(tx)) > 0) return undefined;
    if (!config.admin || !hashed_password) return `${config.publicUrl}/setup#${await addLink(tx, 'setup', null, null)}`;
    const email = normaliseEmail(config.admin.email);
    checkNewPassword(config.admin.password, email);
    const user = await insertUser(tx, { email, name: 'Administrator', role: 'admin', hashed_password });
    await audit(tx, SYSTEM, {
      action: 'user.created',
      target: { kind: 'user', id: user.id, name: email },
      details: { role: 'admin' },
    });
    return undefined;
  });
}

/** The first administrator, once. @throws AppError link_invalid, validation_failed */
export async function setUp(
  db: Database,
  actor: Actor,
  input: { token: string; email: string; name: string; password: string },
): Promise<number> {
  const email = normaliseEmail(input.email);
  checkNewPassword(input.password, email);
  if (!(await findLink(db, 'setup', input.token))) throw staleLink();
  const hashed_password = await hashPassword(input.password);
  return db.transaction().execute(async (tx) => {
    await lockAdmins(tx);
    if (!(await takeLink(tx, 'setup', input.token)) || (await countUsers(tx)) > 0) throw staleLink();
    const user = await insertUser(tx, { email, name: input.name, role: 'admin', hashed_password });
    const target = { kind: 'user' as const, id: user.id, name: email };
    await audit(
      tx,
      { ...actor, id: user.id, name: email },
      { action: 'user.created', target, details: { role: 'admin', by: 'setup link' } },
    );
    return user.id;
  });
}

/** Whom an invitation is for. @throws AppError link_invalid */
export async function readInvitation(db: Database, token: string) {
  const link = await findLink(db, 'invitation', token);
  const user = link?.user_id ? await findUser(db, link.user_id) : undefined;
  if (!user) throw staleLink();
  return { email: user.email, name: user.name };
}

/** Sets the invited user's password, once; former sessions end. @throws AppError link_invalid, validation_failed */
export async function acceptInvitation(
  db: Database,
  actor: Actor,
  input: { token: string; password: string; name?: string },
): Promise<number> {
  const { email } = await readInvitation(db, input.token);
  checkNewPassword(input.password, email);
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

/** What users may change of themselves: the name. @throws AppError not_found when the user was removed meanwhile */
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

/** Ends the user's other sessions, and what invitation there still is. @throws AppError invalid_credentials, validation_failed */
export async function changePassword(
  db: Database,
  actor: Actor,
  user: { id: number; email: string; session_id: string },
  current: string,
  next: string,
): Promise<void> {
  const stored = await findCredentials(db, user.email);
  const target = { kind: 'user' as const, id: user.id, name: user.email };
  if (!(await verifyPassword(stored?.hashed_password, current))) {
    await audit(db, actor, { action: 'user.password_refused', target });
    throw new AppError('invalid_credentials', 'The current password is wrong.');
  }
  checkNewPassword(next, user.email);
  const hashed_password = await hashPassword(next);
  await db.transaction().execute(async (tx) => {
    await updateUser(tx, user.id, { hashed_password });
    await endSessionsOf(tx, user.id, user.session_id);
    await dropLinksOf(tx, user.id);
    await audit(tx, actor, { action: 'user.password_changed', target });
    await publish(tx, { type: 'access_changed', user_id: user.id });
  });
}
