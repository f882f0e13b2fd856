import { networkOf, siteOf } from '../http/address.ts';
import type { Attempts } from '../http/attempts.ts';

/** Failures, counted. `account`: from everywhere; `device`: of a browser that is signed in; `password`: of the current one, by session. */
export type SignInAttempts = Record<'account' | 'accountAndSite' | 'address' | 'device' | 'password', Attempts>;

/**
 * Spends the attempt before it is made. A stranger's failures count where they come from, long before they count against
 * the account; a browser that has a session of this account is held up by its own only.
 * @param session of that account, when the browser has one @returns what to do when the attempt was right
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
  const accountAndSite = `${siteOf(address)} ${email}`;
  // What is refused here must not use up what others need: the account's own count comes last.
  await attempts.address.spend(network);
  await attempts.accountAndSite.spend(accountAndSite);
  await attempts.account.spend(email);
  return async () => {
    await attempts.address.refund(network);
    await attempts.accountAndSite.reset(accountAndSite);
    await attempts.account.refund(email);
  };
}
