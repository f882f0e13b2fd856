import type { Actor, AuditSampler } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Attempts } from '../http/attempts.ts';

/**
 * Limits on wrong codes. `anybody` and `users` are totals for anonymous and for signed-in callers, so that many callers
 * with a few attempts each cannot find an 8-digit code. `requests` limits requests for new codes.
 */
export type PairingAttempts = Record<'user' | 'address' | 'users' | 'anybody' | 'requests', Attempts>;

/**
 * Wrong codes cost attempts, right ones do not. A caller without attempts left is refused even with a right code.
 * @param limits the caller's own first, so that attempts they refuse do not use up the shared ones
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
    wrong = error instanceof AppError && isWrong(error);
    if (wrong) await auditSampler.audit(db, actor, { action: 'pairing.wrong_code' });
    throw error;
  } finally {
    if (!wrong) for (const [attempts, key] of limits) await attempts.refund(key);
  }
}

/** A right code for a robot that is not there was no guess. */
const isWrong = ({ code, extras }: AppError) =>
  code === 'unauthorized' || (code === 'not_found' && extras.reason !== 'replaced_gone');
