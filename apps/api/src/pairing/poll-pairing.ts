import { timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { open, sha256 } from '../secrets/secret-box.ts';
import { findStatus, notePoll } from './pair-code-store.ts';

/** Whether the caller is the robot that requested this code, and therefore not guessing. */
export async function holdsPollToken(db: Database, code: string, pollToken: string | undefined): Promise<boolean> {
  const found = pollToken ? await findStatus(db, code) : undefined;
  return found !== undefined && isPollToken(found, pollToken as string);
}

const isPollToken = (found: { poll_token_hash: string }, pollToken: string) =>
  timingSafeEqual(Buffer.from(sha256(pollToken)), Buffer.from(found.poll_token_hash));

/**
 * Status of a pairing. With the poll token, includes the robot's personal token until its first accepted write or the
 * code's expiry. @throws AppError not_found, unauthorized for a wrong poll token, rate_limited when polled too often
 */
export async function pollPairing(
  db: Database,
  config: Config,
  sealKey: Buffer,
  code: string,
  pollToken: string | undefined,
) {
  const found = await findStatus(db, code);
  if (!found) throw notFound('code');
  const status = found.status === 'pending' && !found.live ? ('expired' as const) : found.status;
  if (!pollToken) return { status };
  if (!isPollToken(found, pollToken))
    throw new AppError('unauthorized', 'The poll token does not belong to this code.');
  const { pollInterval } = config.pairing;
  if (!(await notePoll(db, found.id, pollInterval))) {
    throw new AppError('rate_limited', `Poll no more often than every ${pollInterval} seconds.`, {
      retryAfter: pollInterval,
    });
  }
  const kept = found.live && found.encrypted_token ? open(sealKey, found.encrypted_token) : undefined;
  // The token may have been rotated in the meantime.
  const token = kept !== undefined && sha256(kept) === found.token_hash ? kept : undefined;
  return status === 'confirmed' && token ? { status, token, robot_id: found.robot_id, name: found.name } : { status };
}
