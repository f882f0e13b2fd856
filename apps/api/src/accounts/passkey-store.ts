import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { newSecret } from '../secrets/secret-box.ts';

export interface NewPasskey {
  userHandle: string;
  credentialId: string;
  /** COSE, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  name: string;
}

/** @returns its id, undefined when the credential is registered already */
export async function insertPasskey(db: Db, userId: number, passkey: NewPasskey): Promise<string | undefined> {
  const row = await db
    .insertInto('passkeys')
    .values({
      id: randomUUID(),
      user_id: userId,
      user_handle: passkey.userHandle,
      credential_id: passkey.credentialId,
      public_key: passkey.publicKey,
      counter: String(passkey.counter),
      transports: JSON.stringify(passkey.transports),
      name: passkey.name,
    })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

export const listPasskeys = (db: Db, userId: number) =>
  db
    .selectFrom('passkeys')
    .select(['id', 'name', 'created_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();

/** What a device must know before it makes another one. */
export async function registeredWith(db: Db, userId: number) {
  const rows = await db
    .selectFrom('passkeys')
    .select(['user_handle', 'credential_id', 'transports'])
    .where('user_id', '=', userId)
    .execute();
  return {
    userHandle: rows[0]?.user_handle ?? newSecret(),
    credentials: rows.map(({ credential_id, transports }) => ({ id: credential_id, transports })),
  };
}

export const findPasskey = (db: Db, credentialId: string) =>
  db
    .selectFrom('passkeys')
    .innerJoin('users', 'users.id', 'passkeys.user_id')
    .select(['passkeys.id', 'user_id', 'user_handle', 'public_key', 'counter', 'transports', 'users.email'])
    .where('credential_id', '=', credentialId)
    .where('users.is_active', '=', true)
    .executeTakeFirst();

/**
 * Keeps the device's counter, which must grow; devices that have none always say 0 (WebAuthn 3, 6.1.1).
 * @returns false when it did not grow, as that of a copy
 */
export async function notePasskeyUse(db: Db, id: string, counter: number): Promise<boolean> {
  const noted = await db
    .updateTable('passkeys')
    .set({ counter: String(counter), last_used_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where(sql<boolean>`(counter < ${counter} or counter = 0 and ${counter} = 0)`)
    .executeTakeFirst();
  return noted.numUpdatedRows > 0n;
}

/** @returns its name, if the user had this passkey */
export async function deletePasskey(db: Db, userId: number, id: string): Promise<string | undefined> {
  const query = db.deleteFrom('passkeys').where('id', '=', id).where('user_id', '=', userId).returning('name');
  return (await query.executeTakeFirst())?.name;
}

export async function deletePasskeysOf(db: Db, userId: number): Promise<void> {
  await db.deleteFrom('passkeys').where('user_id', '=', userId).execute();
}
