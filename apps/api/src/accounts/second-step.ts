import { type Actor, audit } from '../audit/index.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { addChallenge, CHALLENGE_TTL, isUsedUp, takeChallenge, tryChallenge } from './challenge-store.ts';
import { factorsOf } from './factor-policy-store.ts';
import { type GivenCode, useCode, wrongCode } from './second-factor.ts';
import type { Client } from './session-store.ts';
import { type AuthDeps, completeSignIn, type SignedIn } from './sign-in.ts';
import { findUser } from './user-store.ts';

/**
 * Called when the password was right. The challenge it throws is good for the second step of this sign-in and for nothing else.
 * @throws AppError second_factor_required, with {challenge, expires_in, methods}
 */
export async function requireSecondStep(db: Db, userId: number): Promise<void> {
  const factors = await factorsOf(db, userId);
  const methods = [...(factors?.totp ? ['totp', 'recovery_code'] : []), ...(factors?.passkeys ? ['passkey'] : [])];
  // Where none is required, a passkey replaces the password but does not take its place.
  if (!factors?.totp && !(factors?.required && factors.passkeys)) return;
  const members = {
    challenge: await addChallenge(db, 'second factor', { userId }),
    expires_in: CHALLENGE_TTL,
    methods,
  };
  throw new AppError('second_factor_required', 'The password is right, but not enough for this account.', {
    members,
  });
}

/** @param known the browser's refresh token, if any @throws AppError challenge_invalid, code_wrong, rate_limited */
export async function signInSecondStep(
  deps: AuthDeps,
  { challenge, ...given }: { challenge: string } & GivenCode,
  known: string | undefined,
  client: Client,
  requestId: string,
): Promise<SignedIn> {
  const { db, config, attempts } = deps;
  const tried = await tryChallenge(db, 'second factor', challenge);
  const user = tried && (await findUser(db, tried.userId));
  if (!user?.is_active) throw staleChallenge(await isUsedUp(db, 'second factor', challenge));
  const actor: Actor = { kind: 'user', id: user.id, name: user.email, address: client.address, requestId };
  await attempts.secondFactor.spend(user.id);
  try {
    const signedIn = await db.transaction().execute(async (tx) => {
      if (!(await useCode(tx, config, user.id, given))) throw wrongCode(given, tried?.isLast);
      if (!(await takeChallenge(tx, 'second factor', challenge))) throw staleChallenge();
      const method = given.code === undefined ? 'recovery_code' : 'totp';
      return completeSignIn({ ...deps, db: tx }, user.id, actor, known, client, method);
    });
    await attempts.secondFactor.refund(user.id);
    return signedIn;
  } catch (error) {
    if (error instanceof AppError && error.code === 'code_wrong')
      await audit(db, actor, { action: 'auth.second_factor_failed' });
    throw error;
  }
}

export const staleChallenge = (isUsedUp = false) =>
  isUsedUp
    ? new AppError('challenge_invalid', 'There were too many wrong codes. Begin again.', { reason: 'too_many_codes' })
    : new AppError('challenge_invalid', 'This sign-in has expired, or was finished before. Begin again.');
