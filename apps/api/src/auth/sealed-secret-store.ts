import { sql } from 'kysely';
import { audit, SYSTEM } from '../audit/audit-store.ts';
import { deriveKey } from '../config/secrets.ts';
import type { Database, Db } from '../db/schema.ts';
import { open, seal } from './secret-box.ts';

/** Where something is sealed, and the purpose its key is derived for. */
const SEALED = [
  { table: 'signing_keys', column: 'encrypted_private_key', purpose: 'signing keys' },
  { table: 'pair_codes', column: 'encrypted_token', purpose: 'pairing tokens' },
] as const;

/**
 * Seals everything with another secret, in one transaction; what carries the new seal already is left alone.
 * @returns how many values carry it, and how many neither secret opens
 */
export async function reseal(db: Database, from: string, to: string): Promise<{ sealed: number; lost: number }> {
  return db.transaction().execute(async (tx) => {
    let [sealed, lost] = [0, 0];
    for (const place of SEALED) {
      const [former, next] = [deriveKey(from, place.purpose), deriveKey(to, place.purpose)];
      for (const { id, value } of await sealedValues(tx, place)) {
        const plain = open(former, value);
        if (plain !== undefined) await replace(tx, place, id, seal(next, plain));
        if (plain !== undefined || open(next, value) !== undefined) sealed++;
        else lost++;
      }
    }
    await audit(tx, SYSTEM, { action: 'secret.rotated', details: { sealed, lost } });
    return { sealed, lost };
  });
}

type Place = (typeof SEALED)[number];

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
