import { randomUUID } from 'node:crypto';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { open, seal } from '../secrets/secret-box.ts';

export const ALGORITHM = 'EdDSA';

/** Held until the transaction ends, so that replicas starting at the same time create only one key. */
export async function lockSigningKeys(tx: Db): Promise<void> {
  await sql`lock table signing_keys in share row exclusive mode`.execute(tx);
}

/** The keys sealed with this secret, oldest first. */
export async function usableKeys(db: Db, key: Buffer) {
  const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at').execute();
  return rows
    .map((row) => ({ ...row, pkcs8: open(key, row.encrypted_private_key) }))
    .filter((row) => row.pkcs8 !== undefined);
}

export async function addSigningKey(db: Db, key: Buffer) {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const pkcs8 = await exportPKCS8(pair.privateKey);
  const public_jwk = (await exportJWK(pair.publicKey)) as Record<string, unknown>;
  const row = { id: randomUUID(), encrypted_private_key: seal(key, pkcs8), public_jwk };
  await db
    .insertInto('signing_keys')
    .values({ ...row, public_jwk: JSON.stringify(public_jwk) })
    .execute();
  return { ...row, pkcs8, retired_at: null };
}

/** Retires the current keys, which then only verify, and deletes those retired more than `keepSeconds` ago. */
export async function retireSigningKeys(db: Db, keepSeconds: number): Promise<void> {
  await sql`delete from signing_keys where retired_at < now() - make_interval(secs => ${keepSeconds})`.execute(db);
  await db.updateTable('signing_keys').set({ retired_at: new Date() }).where('retired_at', 'is', null).execute();
}
