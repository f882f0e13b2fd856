import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database, Db } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import type { Caller } from './caller.ts';
import { dropChallengesOf } from './challenge-store.ts';
import { factorsOf } from './factor-policy-store.ts';
import { deletePasskeysOf, listPasskeys } from './passkey-store.ts';
import { sessionOf } from './password-again.ts';
import { endSessionsOf } from './session-store.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import { newTotpSecret, totpUri } from './totp.ts';
import {
  addTotp,
  countRecoveryCodes,
  deleteTotp,
  findTotp,
  replaceRecoveryCodes,
  useRecoveryCode,
  useTotp,
} from './totp-store.ts';
import { findUser, lockUser } from './user-store.ts';

export interface FactorDeps {
  db: Database;
  config: Pick<Config, 'secretKey'>;
  attempts: Pick<SignInAttempts, 'password' | 'secondFactor'>;
}
/** Either a code of the app, or one that replaces it once. */
export interface GivenCode {
  code?: string;
  recovery_code?: string;
}

export const factorKey = ({ secretKey }: Pick<Config, 'secretKey'>) => deriveKey(secretKey, 'second factors');
/** @param isLast the sign-in must be begun again */
export function wrongCode(given: GivenCode, isLast = false): AppError {
  if (isLast)
    return new AppError('code_wrong', 'There were too many wrong codes. Begin again.', { reason: 'too_many_codes' });
  if (given.recovery_code !== undefined)
    return new AppError('code_wrong', 'This recovery code is wrong, or was used before.', { reason: 'recovery_code' });
  return new AppError(
    'code_wrong',
    'This code is wrong, or has been used already. Wait for the next one. If none works, check the clock of the device that shows them.',
  );
}
const target = (user: { id: number; email: string }) => ({ kind: 'user' as const, id: user.id, name: user.email });

export async function readFactors(db: Db, userId: number) {
  const [factors, totp, recovery_codes_left] = await Promise.all([
    factorsOf(db, userId),
    findTotp(db, userId),
    countRecoveryCodes(db, userId),
  ]);
  return {
    required: factors?.required ?? false,
    totp: totp?.confirmed_at ? { confirmed_at: totp.confirmed_at } : null,
    recovery_codes_left,
    passkeys: await listPasskeys(db, userId),
  };
}

/** A new secret, which counts once a code of it has been entered. @throws AppError already_enrolled */
export async function beginTotp({ db, config }: FactorDeps, caller: Caller) {
  const secret = newTotpSecret();
  if (!(await addTotp(db, factorKey(config), caller.id, secret)))
    throw new AppError('already_enrolled', 'There is an authenticator app already. Remove it first.');
  return { secret, uri: totpUri(secret, caller.email) };
}

/** Ends the user's other sessions, which were begun without it. @returns the recovery codes @throws AppError code_wrong */
export async function confirmTotp(deps: FactorDeps, actor: Actor, caller: Caller, code: string): Promise<string[]> {
  const sessionId = sessionOf(caller);
  return limited(deps, actor, caller, async (tx) => {
    if (!(await useTotp(tx, factorKey(deps.config), caller.id, code, true))) throw wrongCode({ code });
    await endSessionsOf(tx, caller.id, sessionId);
    await dropChallengesOf(tx, caller.id);
    await audit(tx, actor, { action: 'user.second_factor_added', target: target(caller), details: { factor: 'totp' } });
    await publish(tx, { type: 'access_changed', user_id: caller.id });
    return replaceRecoveryCodes(tx, caller.id);
  });
}

/** @throws AppError code_wrong */
export async function removeTotp(deps: FactorDeps, actor: Actor, caller: Caller, given: GivenCode): Promise<void> {
  await limited(deps, actor, caller, async (tx) => {
    if (!(await useCode(tx, deps.config, caller.id, given))) throw wrongCode(given);
    await deleteTotp(tx, caller.id);
    await dropChallengesOf(tx, caller.id);
    const details = { factor: 'totp' };
    await audit(tx, actor, { action: 'user.second_factor_removed', target: target(caller), details });
    await publish(tx, { type: 'access_changed', user_id: caller.id });
  });
}

/** @returns new recovery codes, in place of those there were @throws AppError code_wrong */
export async function renewRecoveryCodes(deps: FactorDeps, actor: Actor, caller: Caller, code: string) {
  return limited(deps, actor, caller, async (tx) => {
    if (!(await useCode(tx, deps.config, caller.id, { code }))) throw wrongCode({ code });
    await audit(tx, actor, { action: 'user.recovery_codes_made', target: target(caller) });
    return replaceRecoveryCodes(tx, caller.id);
  });
}

/** Uses up a code. @returns whether it was good */
export async function useCode(db: Db, config: FactorDeps['config'], userId: number, given: GivenCode) {
  if (given.recovery_code !== undefined) return useRecoveryCode(db, userId, given.recovery_code);
  return given.code !== undefined && useTotp(db, factorKey(config), userId, given.code);
}

/** In a transaction that a wrong code undoes. Counted with the codes of sign-ins. */
async function limited<T>({ db, attempts }: FactorDeps, actor: Actor, caller: Caller, work: (tx: Db) => Promise<T>) {
  await attempts.secondFactor.spend(caller.id);
  try {
    const result = await db.transaction().execute(async (tx) => {
      await lockUser(tx, caller.id);
      return work(tx);
    });
    await attempts.secondFactor.refund(caller.id);
    return result;
  } catch (error) {
    if (error instanceof AppError && error.code === 'code_wrong')
      await audit(db, actor, { action: 'user.second_factor_refused', target: target(caller) });
    throw error;
  }
}

/**
 * For somebody who has lost all of them: the password alone is enough again, and all sessions end.
 * @throws AppError not_found
 */
export async function resetFactors(db: Database, actor: Actor, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const user = await findUser(tx, id);
    if (!user) throw notFound('user');
    await deleteTotp(tx, id);
    await deletePasskeysOf(tx, id);
    await dropChallengesOf(tx, id);
    await endSessionsOf(tx, id);
    await audit(tx, actor, { action: 'user.second_factor_reset', target: target(user) });
    await publish(tx, { type: 'access_changed', user_id: id });
  });
}
