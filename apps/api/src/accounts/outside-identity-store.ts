import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { open, seal, sha256 } from '../secrets/secret-box.ts';

export async function findIdentity(db: Db, issuer: string, subject: string) {
  return db
    .selectFrom('outside_identities')
    .select('user_id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
}

export async function identityOf(db: Db, userId: number) {
  return db
    .selectFrom('outside_identities')
    .select(['email', 'created_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
}

/** @returns false when it signs somebody else in, or somebody else there signs this user in */
export async function linkIdentity(
  db: Db,
  userId: number,
  { issuer, subject, email }: { issuer: string; subject: string; email: string | undefined },
): Promise<boolean> {
  const linked = await db
    .insertInto('outside_identities')
    .values({ issuer, subject, user_id: userId, email: email ?? null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('user_id')
    .executeTakeFirst();
  return linked !== undefined || (await findIdentity(db, issuer, subject))?.user_id === userId;
}

export async function noteIdentityUse(db: Db, issuer: string, subject: string, email: string | undefined) {
  await db
    .updateTable('outside_identities')
    .set({ last_used_at: sql<Date>`now()`, email: email ?? null })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute();
}

export async function unlinkIdentities(db: Db, userId: number): Promise<boolean> {
  const gone = await db.deleteFrom('outside_identities').where('user_id', '=', userId).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** A session begun through the identity provider, whose business second factors are then. */
export async function markOutside(db: Db, key: Buffer, sessionId: string, idToken: string): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ outside: true, encrypted_id_token: seal(key, idToken) })
    .where('id', '=', sessionId)
    .execute();
}

export async function endSessionsFromOutside(db: Db, userId: number, except: string): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('outside', '=', true)
    .where('id', '<>', except)
    .execute();
}

/** The ID token of the session that a refresh token renews, if it was begun through the identity provider. */
export async function findIdToken(db: Db, key: Buffer, refreshToken: string): Promise<string | undefined> {
  const found = await db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .select('encrypted_id_token')
    .where('refresh_tokens.hash', '=', sha256(refreshToken))
    .executeTakeFirst();
  return found?.encrypted_id_token ? open(key, found.encrypted_id_token) : undefined;
}
