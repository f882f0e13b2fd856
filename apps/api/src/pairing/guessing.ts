import type { Actor, AuditSampler } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Attempts } from '../http/attempts.ts';

/**
 * Wrong codes, counted. `anybody` and `users` are brakes on all together, who are not signed in and who are: 8 digits must
 * not be found by many who try a little each. `requests` are codes asked for.
 */
export type PairingAttempts = Record<'user' | 'address' | 'users' | 'anybody' | 'requests', Attempts>;

/**
 * Wrong codes cost attempts, right ones do not; a caller out of attempts is not told even a right one.
 * @param limits the caller's own first: what they refuse must not use up what is for all
 */
export async function guessing<T>(
  { db, auditSampler }: { db: Database; auditSampler: AuditSampler },
  actor: Actor,
  limits: [Attempts, string | number][],
  attempt: () => Promise<T>,
): Promise<T> {
  for (const [attempts, key] of limits) await attempts.spend(key);
  let wrong = false;
  try {
    return await attempt();
  } catch (error) {
    wrong = error instanceof AppError && (error.code === 'not_found' || error.code === 'unauthorized');
    if (wrong) await auditSampler.audit(db, actor, { action: 'pairing.wrong_code' });
    throw error;
  } finally {
    if (!wrong) for (const [attempts, key] of limits) await attempts.refund(key);
  }
}
