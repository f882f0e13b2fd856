import { sql } from 'kysely';
import { lock } from '../db/locks.ts';
import { decodeCursor, MAX, page, wholeKey } from '../db/pagination.ts';
import type { Db, Role } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { countPasskeys, hasApp, hasFactor } from './factor-policy-store.ts';

/** Stored instead of a hash until the invitation is accepted; no password matches it. */
export const NO_PASSWORD = '!';
/** Invited users have no password yet, and nobody else signs them in. */
const invited = sql<boolean>`(hashed_password = ${NO_PASSWORD}
  and not exists (select from outside_identities where outside_identities.user_id = users.id))`.as('invited');
const PUBLIC = [
  'id',
  'email',
  'name',
  'role',
  'is_active',
  'created_at',
  invited,
  'last_sign_in_at',
  hasFactor.as('second_factor'),
  hasApp.as('authenticator_app'),
  countPasskeys.as('passkeys'),
] as const;

/** Wide and other compatible letters look like plain ones, so they are the same. */
export const normaliseEmail = (email: string) => email.trim().normalize('NFKC').toLowerCase();

export async function countUsers(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** @throws AppError email_taken */
export async function insertUser(db: Db, user: { email: string; name: string; role: Role; hashed_password: string }) {
  const row = await db
    .insertInto('users')
    .values(user)
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returning(PUBLIC)
    .executeTakeFirst();
  if (!row) throw new AppError('email_taken', 'A user with this e-mail already exists.');
  return row;
}

export const findUser = (db: Db, id: number) =>
  db.selectFrom('users').select(PUBLIC).where('id', '=', id).executeTakeFirst();

export const findFirstAdmin = (db: Db) =>
  db
    .selectFrom('users')
    .select(PUBLIC)
    .where('role', '=', 'admin')
    .where('is_active', '=', true)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();

export const findCredentials = (db: Db, email: string) =>
  db
    .selectFrom('users')
    .select([...PUBLIC, 'hashed_password'])
    .where('email', '=', normaliseEmail(email))
    .executeTakeFirst();

export async function listUsers(db: Db, { q, limit, cursor }: { q?: string; limit: number; cursor?: string }) {
  const keys = decodeCursor(cursor);
  let query = db
    .selectFrom('users')
    .select(PUBLIC)
    .orderBy('id')
    .limit(limit + 1);
  if (keys) query = query.where('id', '>', Number(wholeKey(keys[0], MAX.integer)));
  if (q) {
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where((eb) => eb.or([eb('email', 'ilike', like), eb('name', 'ilike', like)]));
  }
  return page(await query.execute(), limit, (row) => row.id);
}

export async function updateUser(
  db: Db,
  id: number,
  change: Partial<{ name: string; role: Role; is_active: boolean; hashed_password: string }>,
) {
  return db
    .updateTable('users')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returning(PUBLIC)
    .executeTakeFirst();
}

export async function deleteUser(db: Db, id: number): Promise<void> {
  await db.deleteFrom('users').where('id', '=', id).execute();
}

/**
 * Taken before any change that could remove an administrator, so that two concurrent ones cannot remove the last two.
 */
export async function lockAdmins(db: Db): Promise<void> {
  await lock(db, 'count administrators');
}

export async function countActiveAdmins(db: Db, except: number): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('role', '=', 'admin')
    .where('is_active', '=', true)
    .where('id', '<>', except)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Keeps the account from being deleted until the transaction ends. @returns whether it exists and is active */
export async function holdActiveUser(db: Db, id: number): Promise<boolean> {
  const query = db.selectFrom('users').select('id').where('id', '=', id).where('is_active', '=', true).forKeyShare();
  return (await query.executeTakeFirst()) !== undefined;
}

/** Keeps robots from being assigned to this user until the transaction ends. */
export async function lockUser(db: Db, id: number): Promise<void> {
  await db.selectFrom('users').select('id').where('id', '=', id).forUpdate().execute();
}
