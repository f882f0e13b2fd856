import { type Actor, audit, SYSTEM } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { addLink, findLink, staleLink, takeLink } from './one-time-link-store.ts';
import { checkNewPassword, hashPassword } from './passwords.ts';
import { countUsers, insertUser, lockAdmins, normaliseEmail } from './user-store.ts';

/**
 * If there are no users yet, creates the configured administrator, or a one-time link to create one.
 * @returns the link, or undefined when somebody can already sign in
 */
export async function ensureFirstAdmin(db: Database, config: Config): Promise<string | undefined> {
  const hashed_password =
    config.admin && (await countUsers(db)) === 0 ? await hashPassword(config.admin.password) : undefined;
  return db.transaction().execute(async (tx) => {
    await lockAdmins(tx);
    if ((await countUsers(tx)) > 0) return undefined;
    if (!config.admin || !hashed_password) return `${config.publicUrl}/setup#${await addLink(tx, 'setup', null, null)}`;
    const email = normaliseEmail(config.admin.email);
    await checkNewPassword(config.admin.password, email);
    const user = await insertUser(tx, { email, name: 'Administrator', role: 'admin', hashed_password });
    await audit(tx, SYSTEM, {
      action: 'user.created',
      target: { kind: 'user', id: user.id, name: email },
      details: { role: 'admin' },
    });
    return undefined;
  });
}

/** Creates the first administrator, once. @throws AppError link_invalid, validation_failed */
export async function setUp(
  db: Database,
  actor: Actor,
  input: { token: string; email: string; name: string; password: string },
): Promise<number> {
  const email = normaliseEmail(input.email);
  await checkNewPassword(input.password, email);
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
