import { type CryptoKey, importJWK, importPKCS8, type JWK } from 'jose';
import { audit, SYSTEM } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { ALGORITHM, addSigningKey, lockSigningKeys, retireSigningKeys, usableKeys } from './signing-key-store.ts';

const RELOAD_MS = 60_000;
/** An unknown key id may belong to a key that another replica has just created. */
const UNKNOWN_RELOAD_MS = 1_000;
const ON_EVERY_REPLICA_S = 120;

export interface SigningKey {
  id: string;
  privateKey: CryptoKey;
}

/**
 * The keys for access tokens: the newest signs, retired ones verify until they are removed.
 * Private keys are stored sealed; those sealed with another SECRET_KEY are ignored.
 */
export class SigningKeys {
  #db: Database;
  #key: Buffer;
  #current: SigningKey | undefined;
  #public = new Map<string, CryptoKey>();
  #loadedAt = 0;
  #loading: Promise<void> | undefined;

  constructor(db: Database, key: Buffer) {
    this.#db = db;
    this.#key = key;
  }

  async current(): Promise<SigningKey> {
    if (!this.#current || Date.now() - this.#loadedAt > RELOAD_MS) await this.#load();
    return this.#current as SigningKey;
  }

  async verifier(id: string): Promise<CryptoKey | undefined> {
    const age = Date.now() - this.#loadedAt;
    if (age > RELOAD_MS || (!this.#public.has(id) && age > UNKNOWN_RELOAD_MS)) await this.#load();
    return this.#public.get(id);
  }

  /** Concurrent callers share one load, because anyone can make up key ids. */
  #load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    const found = await usableKeys(this.#db, this.#key);
    const keys = found.some((row) => !row.retired_at) ? found : await this.#withNewKey();
    const known = new Map<string, CryptoKey>();
    for (const row of keys) known.set(row.id, (await importJWK(row.public_jwk as JWK, ALGORITHM)) as CryptoKey);
    this.#public = known;
    const newest = keys.findLast((row) => !row.retired_at) ?? keys.at(-1);
    if (newest) this.#current = { id: newest.id, privateKey: await importPKCS8(newest.pkcs8 as string, ALGORITHM) };
    this.#loadedAt = Date.now();
  }

  #withNewKey() {
    return this.#db.transaction().execute(async (tx) => {
      await lockSigningKeys(tx);
      const usable = await usableKeys(tx, this.#key);
      return usable.some((row) => !row.retired_at) ? usable : [...usable, await addSigningKey(tx, this.#key)];
    });
  }
}

/** Starts signing with a new key, on every replica within a minute. The previous keys verify for `keepSeconds` more. */
export async function rotateSigningKeys(db: Database, key: Buffer, keepSeconds: number): Promise<string> {
  return db.transaction().execute(async (tx) => {
    await lockSigningKeys(tx);
    await retireSigningKeys(tx, keepSeconds + ON_EVERY_REPLICA_S);
    const { id } = await addSigningKey(tx, key);
    await audit(tx, SYSTEM, { action: 'auth.signing_key_rotated', details: { key_id: id } });
    return id;
  });
}
