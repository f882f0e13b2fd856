import { randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8, type JWK } from 'jose';
import { sql } from 'kysely';
import { audit, SYSTEM } from '../audit/audit-store.ts';
import type { Database, Db } from '../db/schema.ts';
import { open, seal } from './secret-box.ts';

const ALGORITHM = 'EdDSA';
const RELOAD_MS = 60_000;

export interface SigningKey {
  id: string;
  privateKey: CryptoKey;
}

/**
 * The keys that sign access tokens: the newest signs, retired ones verify until they are removed.
 * Private halves are kept sealed; keys sealed with another SECRET_KEY are left unused.
 */
export class SigningKeys {
  #db: Database;
  #key: Buffer;
  #current: SigningKey | undefined;
  #public = new Map<string, CryptoKey>();
  #loadedAt = 0;

  constructor(db: Database, key: Buffer) {
    this.#db = db;
    this.#key = key;
  }

  async current(): Promise<SigningKey> {
    if (!this.#current || Date.now() - this.#loadedAt > RELOAD_MS) await this.#load();
    return this.#current as SigningKey;
  }

  async verifier(id: string): Promise<CryptoKey | undefined> {
    if (Date.now() - this.#loadedAt > RELOAD_MS || (!this.#public.has(id) && Date.now() - this.#loadedAt > 1000))
      await this.#load();
    return this.#public.get(id);
  }

  async #load(): Promise<void> {
    const keys = await this.#db.transaction().execute(async (tx) => {
      await sql`lock table signing_keys in share row exclusive mode`.execute(tx);
      const rows = await tx.selectFrom('signing_keys').selectAll().orderBy('created_at').execute();
      const usable = rows
        .map((row) => ({ ...row, pkcs8: open(this.#key, row.encrypted_private_key) }))
        .filter((row) => row.pkcs8);
      return usable.some((row) => !row.retired_at) ? usable : [...usable, await addSigningKey(tx, this.#key)];
    });
    this.#public = new Map();
    for (const row of keys) this.#public.set(row.id, (await importJWK(row.public_jwk as JWK, ALGORITHM)) as CryptoKey);
    const newest = keys.findLast((row) => !row.retired_at) ?? keys.at(-1);
    if (newest) this.#current = { id: newest.id, privateKey: await importPKCS8(newest.pkcs8 as string, ALGORITHM) };
    this.#loadedAt = Date.now();
  }
}

async function addSigningKey(db: Db, key: Buffer) {
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

/** A new key signs from now on (within a minute on every replica); the former ones go on verifying for `keepSeconds`. */
export async function rotateSigningKeys(db: Database, key: Buffer, keepSeconds: number): Promise<string> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table signing_keys in share row exclusive mode`.execute(tx);
    await sql`delete from signing_keys where retired_at < now() - make_interval(secs => ${keepSeconds + 120})`.execute(
      tx,
    );
    await tx.updateTable('signing_keys').set({ retired_at: new Date() }).where('retired_at', 'is', null).execute();
    const { id } = await addSigningKey(tx, key);
    await audit(tx, SYSTEM, { action: 'auth.signing_key_rotated', details: { key_id: id } });
    return id;
  });
}
