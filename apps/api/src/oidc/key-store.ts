import { createPrivateKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { newSecret, open, seal, sha256 } from '../secrets/secret-box.ts';

export type KeyKind = 'signing' | 'cookies';

/** Held until the transaction ends, so that replicas starting at the same time create only one of each. */
export async function lockKeys(tx: Db): Promise<void> {
  await sql`lock table oidc_keys in share row exclusive mode`.execute(tx);
}

/** What changes when a key is added, retired or removed. */
export async function keysVersion(db: Db): Promise<string> {
  const rows = await db.selectFrom('oidc_keys').select(['id', 'retired_at']).orderBy('id').execute();
  return rows.map(({ id, retired_at }) => `${id} ${retired_at?.getTime() ?? ''}`).join('\n');
}

/** The keys sealed with this secret, newest first. */
export async function usableKeys(db: Db, sealKey: Buffer) {
  const rows = await db.selectFrom('oidc_keys').selectAll().orderBy('created_at', 'desc').execute();
  return rows.flatMap(({ encrypted_key, ...row }) => {
    const key = open(sealKey, encrypted_key);
    return key === undefined ? [] : [{ ...row, key }];
  });
}

/** @returns its id: a signing key's is its `kid` */
export async function addKey(db: Db, sealKey: Buffer, kind: KeyKind): Promise<string> {
  const key = kind === 'signing' ? JSON.stringify(await newSigningKey()) : newSecret();
  const id = sha256(key).slice(0, 32);
  await db
    .insertInto('oidc_keys')
    .values({ id, kind, encrypted_key: seal(sealKey, key), retired_at: null })
    .execute();
  return id;
}

/** RS256, which every OpenID client must know (OpenID Connect Core 1.0, 15.1). */
async function newSigningKey(): Promise<JsonWebKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 3072,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return createPrivateKey(privateKey).export({ format: 'jwk' });
}

/** Retires the current keys, which then only verify. @returns whether there were any */
export async function retireKeys(db: Db): Promise<boolean> {
  const query = db.updateTable('oidc_keys').set({ retired_at: new Date() }).where('retired_at', 'is', null);
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}

export async function deleteRetiredKeys(db: Db, keepSeconds: number): Promise<void> {
  await sql`delete from oidc_keys where retired_at < now() - make_interval(secs => ${keepSeconds})`.execute(db);
}
