import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { open, seal } from '../secrets/secret-box.ts';
import { hashWithSalt } from './passwords.ts';
import { newRecoveryCodes, normaliseRecoveryCode, stepOf } from './totp.ts';

/** Replaces a secret that was never confirmed. @returns false when there is a confirmed one */
export async function addTotp(db: Db, sealKey: Buffer, userId: number, secret: string): Promise<boolean> {
  const encrypted_secret = seal(sealKey, secret);
  const added = await db
    .insertInto('totp_factors')
    .values({ id: randomUUID(), user_id: userId, encrypted_secret })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet({ encrypted_secret, created_at: new Date() })
        .where('totp_factors.confirmed_at', 'is', null),
    )
    .returning('id')
    .executeTakeFirst();
  return added !== undefined;
}

export async function findTotp(db: Db, userId: number) {
  return db
    .selectFrom('totp_factors')
    .select(['encrypted_secret', 'confirmed_at'])
    .where('user_id', '=', userId)
    .executeTakeFirst();
}

/**
 * Uses up a code of the app: neither it nor an older one works again, also not in a concurrent call.
 * @param toConfirm the code is the first one, which confirms the secret
 */
export async function useTotp(db: Db, sealKey: Buffer, userId: number, code: string, toConfirm = false) {
  const found = await findTotp(db, userId);
  const secret = found && open(sealKey, found.encrypted_secret);
  const step = secret === undefined ? undefined : stepOf(secret, code, Date.now());
  if (!found || step === undefined) return false;
  const used = await db
    .updateTable('totp_factors')
    .set({ last_step: String(step), ...(toConfirm && { confirmed_at: new Date() }) })
    .where('user_id', '=', userId)
    .where('encrypted_secret', '=', found.encrypted_secret)
    .where('confirmed_at', toConfirm ? 'is' : 'is not', null)
    .where('last_step', '<', String(step))
    .executeTakeFirst();
  return used.numUpdatedRows > 0n;
}

/** In place of those there were. @returns the codes, of which only hashes are stored */
export async function replaceRecoveryCodes(db: Db, userId: number): Promise<string[]> {
  const codes = newRecoveryCodes();
  await db.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  const salt = await saltOf(db, userId);
  if (!salt) throw new Error('Recovery codes replace those of an app, and there is none.');
  const rows = await Promise.all(codes.map(async (code) => ({ hash: await hashOf(code, salt), user_id: userId })));
  await db.insertInto('recovery_codes').values(rows).execute();
  return codes;
}

/** Deletes the code, so that of several concurrent callers exactly one can use it. */
export async function useRecoveryCode(db: Db, userId: number, code: string): Promise<boolean> {
  const salt = await saltOf(db, userId);
  if (!salt) return false;
  const used = await db
    .deleteFrom('recovery_codes')
    .where('hash', '=', await hashOf(code, salt))
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return used.numDeletedRows > 0n;
}

/** One for all of a user's codes, so that finding one takes a single slow hash. */
async function saltOf(db: Db, userId: number): Promise<Buffer | undefined> {
  const found = await db.selectFrom('totp_factors').select('id').where('user_id', '=', userId).executeTakeFirst();
  return found && Buffer.from(found.id.replaceAll('-', ''), 'hex');
}

const hashOf = (code: string, salt: Buffer) => hashWithSalt(normaliseRecoveryCode(code), salt);

export async function countRecoveryCodes(db: Db, userId: number): Promise<number> {
  const { count } = await db
    .selectFrom('recovery_codes')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return count;
}

/** With the recovery codes. @returns whether there was a confirmed one */
export async function deleteTotp(db: Db, userId: number): Promise<boolean> {
  await db.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  const deleted = await db
    .deleteFrom('totp_factors')
    .where('user_id', '=', userId)
    .returning('confirmed_at')
    .executeTakeFirst();
  return Boolean(deleted?.confirmed_at);
}
