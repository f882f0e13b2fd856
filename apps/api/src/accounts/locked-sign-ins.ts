import { failedSignIns } from '../audit/index.ts';
import type { Db } from '../db/schema.ts';
import { ATTEMPTS_WINDOW_S } from '../http/attempts.ts';
import { type SignInAttempts, siteKey } from './sign-in-attempts.ts';

type Locking = Pick<SignInAttempts, 'account' | 'accountAndSite' | 'secondFactor'>;

/** `everywhere` false: only from the networks where wrong passwords were entered. */
export interface Locked {
  until: Date;
  everywhere: boolean;
}

/** Adds to each user whether too many wrong passwords or codes keep them from signing in just now. */
export async function withLocks<User extends { id: number; email: string }>(
  db: Db,
  attempts: Locking,
  users: User[],
): Promise<(User & { locked: Locked | null })[]> {
  const failed = await failedSignIns(
    db,
    users.map(({ id }) => id),
    ATTEMPTS_WINDOW_S,
  );
  const lockOf = async ({ id, email }: User): Promise<Locked | null> => {
    const sites = new Set(failed.filter(({ user_id }) => user_id === id).map(({ address }) => siteKey(address, email)));
    const [everywhere, some] = await Promise.all([
      Promise.all([attempts.account.usedUpUntil(email), attempts.secondFactor.usedUpUntil(id)]).then(latest),
      Promise.all([...sites].map((site) => attempts.accountAndSite.usedUpUntil(site))).then(latest),
    ]);
    if (everywhere) return { until: everywhere, everywhere: true };
    return some ? { until: some, everywhere: false } : null;
  };
  return Promise.all(users.map(async (user) => ({ ...user, locked: await lockOf(user) })));
}

const latest = (times: (Date | undefined)[]) =>
  times.filter((time) => time !== undefined).reduce<Date | undefined>((a, b) => (a && a > b ? a : b), undefined);
