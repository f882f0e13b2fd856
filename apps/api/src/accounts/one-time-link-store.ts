import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';

export const staleLink = () =>
  new AppError('link_invalid', 'This link has already been used, has expired or has been replaced. Ask for a new one.');

/** Replaces the user's previous link of that kind. @returns the secret for the link; only its hash is stored */
export async function addLink(
  db: Db,
  kind: 'setup' | 'invitation',
  userId: number | null,
  ttlSeconds: number | null,
): Promise<string> {
  const secret = newSecret();
  await db
    .deleteFrom('one_time_links')
    .where('kind', '=', kind)
    .where('user_id', 'is not distinct from', userId)
    .execute();
  const expires_at = ttlSeconds === null ? null : new Date(Date.now() + ttlSeconds * 1000);
  await db
    .insertInto('one_time_links')
    .values({ hash: sha256(secret), kind, user_id: userId, expires_at })
    .execute();
  return secret;
}

/** Called when users choose their own password: an outstanding link must not be able to replace it. */
export async function dropLinksOf(db: Db, userId: number): Promise<void> {
  await db.deleteFrom('one_time_links').where('user_id', '=', userId).execute();
}

export async function findLink(db: Db, kind: 'setup' | 'invitation', secret: string) {
  return db
    .selectFrom('one_time_links')
    .select('user_id')
    .where('hash', '=', sha256(secret))
    .where('kind', '=', kind)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
    .executeTakeFirst();
}

/** Deletes the link it returns, so that of several concurrent callers exactly one gets it. */
export async function takeLink(db: Db, kind: 'setup' | 'invitation', secret: string) {
  return db
    .deleteFrom('one_time_links')
    .where('hash', '=', sha256(secret))
    .where('kind', '=', kind)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
    .returning('user_id')
    .executeTakeFirst();
}
