import { audit, SYSTEM } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { addKey, deleteRetiredKeys, type KeyKind, lockKeys, retireKeys, usableKeys } from './key-store.ts';

/** Seconds an ID token is valid, and so how long the key that signed it stays published. */
export const ID_TOKEN_TTL = 3600;
const CLOCKS_DIFFER_S = 120;

export interface ProviderKeys {
  /** Private keys (JWK). The first signs. */
  signing: Record<string, unknown>[];
  /** The first signs cookies. */
  cookies: string[];
}

/** The keys that all replicas share, made when there are none yet. @param sealKey what they are sealed with */
export async function loadKeys(db: Database, sealKey: Buffer): Promise<ProviderKeys> {
  const found = await usableKeys(db, sealKey);
  const keys = hasBoth(found) ? found : await withNewKeys(db, sealKey);
  // Those in use before retired ones, each newest first.
  const ordered = [...keys.filter((key) => !key.retired_at), ...keys.filter((key) => key.retired_at)];
  const ofKind = (kind: KeyKind) => ordered.filter((key) => key.kind === kind);
  return {
    signing: ofKind('signing').map(({ id, key }) => ({ ...JSON.parse(key), kid: id, use: 'sig', alg: 'RS256' })),
    cookies: ofKind('cookies').map(({ key }) => key),
  };
}

const KINDS: KeyKind[] = ['signing', 'cookies'];
const has = (keys: { kind: KeyKind; retired_at: Date | null }[], kind: KeyKind) =>
  keys.some((key) => key.kind === kind && !key.retired_at);
const hasBoth = (keys: Parameters<typeof has>[0]) => KINDS.every((kind) => has(keys, kind));

function withNewKeys(db: Database, sealKey: Buffer) {
  return db.transaction().execute(async (tx) => {
    await lockKeys(tx);
    const found = await usableKeys(tx, sealKey);
    for (const kind of KINDS) if (!has(found, kind)) await addKey(tx, sealKey, kind);
    return usableKeys(tx, sealKey);
  });
}

/**
 * Signs ID tokens and cookies with new keys, on every replica with its next request. The former public key stays
 * published until what it signed has expired. @returns the new key's id; undefined where the provider was never used
 */
export async function rotateProviderKeys(db: Database, sealKey: Buffer): Promise<string | undefined> {
  return db.transaction().execute(async (tx) => {
    await lockKeys(tx);
    await deleteFormerKeys(tx);
    if (!(await retireKeys(tx))) return undefined;
    await addKey(tx, sealKey, 'cookies');
    const id = await addKey(tx, sealKey, 'signing');
    await audit(tx, SYSTEM, { action: 'auth.signing_key_rotated', details: { key_id: id } });
    return id;
  });
}

export const deleteFormerKeys = (db: Parameters<typeof deleteRetiredKeys>[0]) =>
  deleteRetiredKeys(db, ID_TOKEN_TTL + CLOCKS_DIFFER_S);
