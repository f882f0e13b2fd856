import { networkOf, siteOf } from '../http/address.ts';
import type { Attempts } from '../http/attempts.ts';

/**
 * Failed attempts. `account`: from anywhere; `device`: from a signed-in browser; `password`: re-entering it, per
 * session; `secondFactor`: codes, per account, which only those who know the password can use up; `starts`: sign-ins begun with
 * something else than a password, whether they fail or not.
 */
export type SignInAttempts = Record<
  'account' | 'accountAndSite' | 'address' | 'device' | 'password' | 'secondFactor' | 'starts',
  Attempts
>;

/** Under which `accountAndSite` counts. */
export const siteKey = (address: string, email: string) => `${siteOf(address)} ${email}`;

/**
 * Counts the attempt before it is made. The limits per address and per site are reached long before the account's, so a
 * stranger cannot lock the owner out; a browser with a session of this account is limited only by its own failures.
 * @param session of that account, if the browser has one @returns what to call when the attempt succeeds
 * @throws AppError rate_limited
 */
export async function spendSignIn(
  attempts: SignInAttempts,
  { email, address, session }: { email: string; address: string; session: string | undefined },
): Promise<() => Promise<void>> {
  if (session) {
    await attempts.device.spend(session);
    return () => attempts.device.reset(session);
  }
  const network = networkOf(address);
  const accountAndSite = siteKey(address, email);
  // The account's limit comes last: attempts refused by the narrower limits must not use it up.
  await attempts.address.spend(network);
  await attempts.accountAndSite.spend(accountAndSite);
  await attempts.account.spend(email);
  return async () => {
    await attempts.address.refund(network);
    await attempts.accountAndSite.reset(accountAndSite);
    await attempts.account.refund(email);
  };
}
