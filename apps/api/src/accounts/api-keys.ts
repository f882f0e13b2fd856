import { randomUUID } from 'node:crypto';
import { type Actor, audit } from '../audit/index.ts';
import type { ApiKeyScope, Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { newSecret } from '../secrets/secret-box.ts';
import { deleteApiKey, holdApiKey, insertApiKey, listApiKeys } from './api-key-store.ts';
import type { Caller } from './caller.ts';
import { lockUser } from './user-store.ts';

const PREFIX = 'rwk_';
const FORM = new RegExp(`^${PREFIX}[\\w-]{43}$`);
const MAX_KEYS = 100;

export const looksLikeApiKey = (token: string) => token.startsWith(PREFIX);
export const isApiKey = (token: string) => FORM.test(token);

/** A key that is made with another one neither outlives it nor may do more. @throws AppError validation_failed */
export async function createApiKey(
  db: Database,
  actor: Actor,
  caller: Caller,
  wanted: { name: string; scope: ApiKeyScope; expires_at?: string | null },
): Promise<{ id: string; key: string }> {
  const expiresAt = wanted.expires_at ? new Date(wanted.expires_at) : (caller.apiKey?.expiresAt ?? null);
  if (expiresAt && expiresAt.getTime() <= Date.now()) throw invalid('expires_at must be in the future.');
  const limit = caller.apiKey?.expiresAt;
  if (limit && expiresAt && expiresAt > limit)
    throw invalid('expires_at must not be later than that of the key this one is made with.');
  const { name, scope } = wanted;
  const made = { id: randomUUID(), key: PREFIX + newSecret(), name, scope, expiresAt };
  await db.transaction().execute(async (tx) => {
    // Concurrent requests must not get past the limit together.
    await lockUser(tx, caller.id);
    if (caller.apiKey && !(await holdApiKey(tx, caller.apiKey.id)))
      throw new AppError('unauthorized', 'This API key has been revoked.');
    if ((await listApiKeys(tx, caller.id)).length >= MAX_KEYS)
      throw invalid(`There are ${MAX_KEYS} API keys already. Revoke those that are not needed.`);
    await insertApiKey(tx, caller.id, { ...made, madeWith: caller.apiKey?.id ?? null });
    await audit(tx, actor, {
      action: 'api_key.created',
      details: { key_id: made.id, key_name: name, scope, expires_at: expiresAt?.toISOString() ?? null },
    });
  });
  return { id: made.id, key: made.key };
}

const invalid = (detail: string) => new AppError('validation_failed', detail);

/** It is worthless from now on, and so are those that were made with it. @throws AppError not_found */
export async function revokeApiKey(db: Database, actor: Actor, userId: number, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const name = await deleteApiKey(tx, userId, id);
    if (name === undefined) throw notFound('API key');
    await audit(tx, actor, { action: 'api_key.revoked', details: { key_id: id, key_name: name } });
    await publish(tx, { type: 'access_changed', user_id: userId });
  });
}
