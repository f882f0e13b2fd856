import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { deriveKey, type KeyPurpose } from './derive-key.ts';
import { open, seal } from './secret-box.ts';

/** Every column with sealed values, and the purpose of its key. */
export const SEALED_COLUMNS = [
  { table: 'signing_keys', column: 'encrypted_private_key', purpose: 'signing keys' },
  { table: 'oidc_keys', column: 'encrypted_key', purpose: 'OpenID keys' },
  { table: 'pair_codes', column: 'encrypted_token', purpose: 'pairing tokens' },
  { table: 'totp_factors', column: 'encrypted_secret', purpose: 'second factors' },
  { table: 'sessions', column: 'encrypted_id_token', purpose: 'ID tokens' },
  { table: 'alert_channels', column: 'encrypted_secrets', purpose: 'alert channels' },
  { table: 'push_keys', column: 'encrypted_private_key', purpose: 'push keys' },
] as const satisfies { table: string; column: string; purpose: KeyPurpose }[];

/**
 * Reseals everything with another secret, except values already sealed with it. Must be called in a transaction.
 * @returns the number of values sealed with the new secret, and of those that neither secret opens
 */
export async function reseal(tx: Db, from: string, to: string): Promise<{ sealed: number; lost: number }> {
  let [sealed, lost] = [0, 0];
  for (const place of SEALED_COLUMNS) {
    const [former, next] = [deriveKey(from, place.purpose), deriveKey(to, place.purpose)];
    for (const { id, value } of await sealedValues(tx, place)) {
      const plain = open(former, value);
      if (plain !== undefined) await replace(tx, place, id, seal(next, plain));
      if (plain !== undefined || open(next, value) !== undefined) sealed++;
      else lost++;
    }
  }
  return { sealed, lost };
}

type Place = (typeof SEALED_COLUMNS)[number];

async function sealedValues(db: Db, { table, column }: Place): Promise<{ id: number | string; value: Buffer }[]> {
  const { rows } = await sql<{ id: number | string; value: Buffer }>`
    select id, ${sql.ref(column)} as value from ${sql.table(table)} where ${sql.ref(column)} is not null for update`.execute(
    db,
  );
  return rows;
}

async function replace(db: Db, { table, column }: Place, id: number | string, value: Buffer): Promise<void> {
  await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${value} where id = ${id}`.execute(db);
}
