import { sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { open, seal } from '../secrets/secret-box.ts';

/** A pair of P-256 keys as base64url (VAPID, RFC 8292). */
export interface PushKeys {
  publicKey: string;
  privateKey: string;
}

/**
 * The server's keys for Web Push, made on first use: browsers' subscriptions are bound to them. Those that another
 * SECRET_KEY sealed are replaced, as they are of no use.
 */
export async function pushKeys(db: Database, key: Buffer): Promise<PushKeys> {
  return (await findKeys(db, key)) ?? (await makeKeys(db, key));
}

async function findKeys(db: Pick<Database, 'selectFrom'>, key: Buffer): Promise<PushKeys | undefined> {
  const row = await db.selectFrom('push_keys').selectAll().executeTakeFirst();
  const privateKey = row && open(key, row.encrypted_private_key);
  return row && privateKey ? { publicKey: row.public_key, privateKey } : undefined;
}

function makeKeys(db: Database, key: Buffer): Promise<PushKeys> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table push_keys in share row exclusive mode`.execute(tx);
    const found = await findKeys(tx, key);
    if (found) return found;
    // The library is loaded only where it is used.
    const { default: webPush } = await import('web-push');
    const made = webPush.generateVAPIDKeys();
    const values = { public_key: made.publicKey, encrypted_private_key: seal(key, made.privateKey) };
    await tx
      .insertInto('push_keys')
      .values({ id: 1, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
    return made;
  });
}
