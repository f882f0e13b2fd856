import { randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8, type JWK } from 'jose';
import { sql } from 'kysely';
import { audit, SYSTEM } from '../audit/audit-store.ts';
import type { Database, Db } from '../db/schema.ts';
import { open, seal } from './secret-box.ts';

const ALGORITHM = 'EdDSA';
const RELOAD_MS = 60_000;
/** An id that is not known may be of a key made a moment ago on another replica. */
const UNKNOWN_RELOAD_MS = 1_000;

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

  /** Once for all who ask meanwhile: anybody can make up key ids. */
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

  /** Replicas that start at once make one key together. */
  #withNewKey() {
    return this.#db.transaction().execute(async (tx) => {
      await sql`lock table signing_keys in share row exclusive mode`.execute(tx);
      const usable = await usableKeys(tx, this.#key);
      return usable.some((row) => !row.retired_at) ? usable : [...usable, await addSigningKey(tx, this.#key)];
    });
  }
}

/** Those sealed with this key, oldest first. */
async function usableKeys(db: Db, key: Buffer) {
  const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at').execute();
  return rows
    .map((row) => ({ ...row, pkcs8: open(key, row.encrypted_private_key) }))
    .filter((row) => row.pkcs8 !== undefined);
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
