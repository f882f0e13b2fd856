import { sql } from 'kysely';
import type { ApiKeyScope, Db } from '../db/schema.ts';
import { sha256 } from '../secrets/secret-box.ts';

/** An expired key is listed this long, so that people see why their script stopped. */
const KEPT_DAYS = 30;
const USE_NOTED_MS = 60_000;

export interface NewApiKey {
  id: string;
  key: string;
  name: string;
  scope: ApiKeyScope;
  expiresAt: Date | null;
  madeWith: string | null;
}

export async function insertApiKey(db: Db, userId: number, { key, expiresAt, madeWith, ...rest }: NewApiKey) {
  await db
    .insertInto('api_keys')
    .values({ ...rest, hash: sha256(key), user_id: userId, expires_at: expiresAt, made_with: madeWith })
    .execute();
}

export async function listApiKeys(db: Db, userId: number) {
  return db
    .selectFrom('api_keys')
    .select(['id', 'name', 'scope', 'created_at', 'expires_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
}

export type ApiKeyUser = NonNullable<Awaited<ReturnType<typeof findApiKeyUser>>>;

/** The valid key and its active user, in one query. @param by the key itself, or the id of one that was found before */
export async function findApiKeyUser(db: Db, by: { key: string } | { id: string }) {
  const query = db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select([
      'users.id',
      'users.email',
      'users.name',
      'users.role',
      'users.is_active',
      'users.created_at',
      'api_keys.id as key_id',
      'api_keys.scope',
      'api_keys.expires_at',
      'api_keys.last_used_at',
    ])
    .where('users.is_active', '=', true)
    .where((where) =>
      where.or([where('api_keys.expires_at', 'is', null), where('api_keys.expires_at', '>', sql<Date>`now()`)]),
    );
  const one = 'key' in by ? query.where('hash', '=', sha256(by.key)) : query.where('api_keys.id', '=', by.id);
  const found = await one.executeTakeFirst();
  if (!found) return undefined;
  const { key_id: keyId, scope, expires_at: expiresAt, last_used_at: lastUsedAt, ...user } = found;
  return { ...user, apiKey: { id: keyId, scope, expiresAt, lastUsedAt } };
}

/** At most once a minute, so that a busy script costs no more than an idle one. */
export async function noteApiKeyUse(db: Db, { id, lastUsedAt }: ApiKeyUser['apiKey']): Promise<void> {
  if (lastUsedAt && Date.now() - lastUsedAt.getTime() < USE_NOTED_MS) return;
  await db.updateTable('api_keys').set({ last_used_at: sql<Date>`now()` }).where('id', '=', id).execute();
}

/** Keeps a key from being revoked until the transaction ends. @returns whether there is such a key */
export async function holdApiKey(db: Db, id: string): Promise<boolean> {
  const found = await db.selectFrom('api_keys').select('id').where('id', '=', id).forKeyShare().executeTakeFirst();
  return found !== undefined;
}

/** @returns its name, if the user had this key */
export async function deleteApiKey(db: Db, userId: number, id: string): Promise<string | undefined> {
  const deleted = await db
    .deleteFrom('api_keys')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returning('name')
    .executeTakeFirst();
  return deleted?.name;
}

export async function deleteExpiredApiKeys(db: Db): Promise<void> {
  await db
    .deleteFrom('api_keys')
    .where('expires_at', '<', sql<Date>`now() - make_interval(days => ${KEPT_DAYS})`)
    .execute();
}
