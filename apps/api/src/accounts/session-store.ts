import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, SignInMethod } from '../db/schema.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';
import { lacksFactor } from './factor-policy-store.ts';

export interface Client {
  address: string;
  userAgent: string | null;
  /** A page in a browser, which says where it comes from. */
  isPage: boolean;
}

/** In seconds: idle timeout and absolute maximum. */
export interface SessionLife {
  sessionTtl: number;
  sessionMaxAge: number;
}

/** A new session with its first refresh token. */
export async function openSession(db: Db, userId: number, client: Client, method: SignInMethod, life: SessionLife) {
  const id = randomUUID();
  const expires_at = new Date(Date.now() + Math.min(life.sessionTtl, life.sessionMaxAge) * 1000);
  await db
    .insertInto('sessions')
    .values({
      id,
      user_id: userId,
      expires_at,
      address: client.address,
      user_agent: client.userAgent?.slice(0, 255) ?? null,
      method,
    })
    .execute();
  await db.updateTable('users').set({ last_sign_in_at: new Date() }).where('id', '=', userId).execute();
  return { id, refreshToken: await addRefreshToken(db, id) };
}

export async function addRefreshToken(db: Db, sessionId: string): Promise<string> {
  const token = newSecret();
  await db
    .insertInto('refresh_tokens')
    .values({ hash: sha256(token), session_id: sessionId, used_at: null })
    .execute();
  return token;
}

/** Locks the token's row, so that the second of two concurrent uses sees `used_at`. */
export async function findRefreshToken(db: Db, token: string, { sessionMaxAge }: SessionLife) {
  return db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([
      'refresh_tokens.hash',
      'refresh_tokens.used_at',
      'sessions.id as session_id',
      'sessions.expires_at',
      'sessions.user_id',
      'users.is_active',
      sql<boolean>`sessions.created_at <= now() - make_interval(secs => ${sessionMaxAge})`.as('is_too_old'),
    ])
    .where('refresh_tokens.hash', '=', sha256(token))
    .forUpdate(['refresh_tokens', 'sessions'])
    .executeTakeFirst();
}

/** The session that a refresh token can still renew, if it belongs to the user with this e-mail. */
export async function findLiveSession(db: Db, token: string, email: string): Promise<string | undefined> {
  const found = await db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('refresh_tokens.hash', '=', sha256(token))
    .where('refresh_tokens.used_at', 'is', null)
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .where('users.email', '=', email)
    .where('users.is_active', '=', true)
    .executeTakeFirst();
  return found?.id;
}

const nextExpiry = ({ sessionTtl, sessionMaxAge }: SessionLife) =>
  sql<Date>`least(now() + make_interval(secs => ${sessionTtl}), created_at + make_interval(secs => ${sessionMaxAge}))`;

export async function useRefreshToken(db: Db, hash: string, sessionId: string, life: SessionLife): Promise<string> {
  const now = new Date();
  await db.updateTable('refresh_tokens').set({ used_at: now }).where('hash', '=', hash).execute();
  await db
    .updateTable('sessions')
    .set({ last_used_at: now, expires_at: nextExpiry(life) })
    .where('id', '=', sessionId)
    .execute();
  return addRefreshToken(db, sessionId);
}

/** The user of a valid session, in one query. */
export async function findSessionUser(db: Db, sessionId: string, userId: number) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([
      'users.id',
      'users.email',
      'users.name',
      'users.role',
      'users.is_active',
      'users.created_at',
      'sessions.id as session_id',
      lacksFactor.as('must_enrol'),
    ])
    .where('sessions.id', '=', sessionId)
    .where('users.id', '=', userId)
    .where('users.is_active', '=', true)
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
}

/** A session that is still valid and may be used, and its user. */
export async function findBrowserSession(db: Db, sessionId: string) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['sessions.id', 'sessions.user_id', 'sessions.created_at', 'users.email'])
    .where('sessions.id', '=', sessionId)
    .where('users.is_active', '=', true)
    .where(({ not }) => not(lacksFactor))
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
}

/** For use by way of an app. Written once a minute at most. */
export async function touchSession(db: Db, sessionId: string, life: SessionLife): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ last_used_at: new Date(), expires_at: nextExpiry(life) })
    .where('id', '=', sessionId)
    .where('last_used_at', '<', sql<Date>`now() - interval '1 minute'`)
    .where('expires_at', '>', sql<Date>`now()`)
    .execute();
}

export async function listSessions(db: Db, userId: number) {
  return db
    .selectFrom('sessions')
    .select(['id', 'created_at', 'last_used_at', 'expires_at', 'address', 'user_agent', 'method'])
    .where('user_id', '=', userId)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('last_used_at', 'desc')
    .execute();
}

/** @returns whether the user had this session */
export async function endSession(db: Db, userId: number, sessionId: string): Promise<boolean> {
  const ended = await db
    .deleteFrom('sessions')
    .where('id', '=', sessionId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return ended.numDeletedRows > 0n;
}

/** Whose session a browser has. */
export async function sessionOfRefreshToken(db: Db, token: string) {
  return db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .select(['sessions.id', 'sessions.user_id'])
    .where('refresh_tokens.hash', '=', sha256(token))
    .executeTakeFirst();
}

/** @returns the id of the session's user, if a session was ended */
export async function endSessionOfRefreshToken(db: Db, token: string): Promise<number | undefined> {
  const deleted = await db
    .deleteFrom('sessions')
    .using('refresh_tokens')
    .whereRef('sessions.id', '=', 'refresh_tokens.session_id')
    .where('refresh_tokens.hash', '=', sha256(token))
    .returning('sessions.user_id')
    .executeTakeFirst();
  return deleted?.user_id;
}

/** @returns how many there were */
export async function endSessionsOf(db: Db, userId: number, except?: string): Promise<number> {
  let query = db.deleteFrom('sessions').where('user_id', '=', userId);
  if (except) query = query.where('id', '<>', except);
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

export async function deleteExpiredSessions(db: Db): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<', sql<Date>`now()`).execute();
  await db.deleteFrom('refresh_tokens').where('used_at', '<', sql<Date>`now() - interval '30 days'`).execute();
  await db.deleteFrom('sign_in_challenges').where('expires_at', '<', sql<Date>`now()`).execute();
  await db.deleteFrom('one_time_links').where('expires_at', '<', sql<Date>`now()`).execute();
}
