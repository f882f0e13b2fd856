import { hash, hashRaw, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { AppError } from '../errors.ts';
import { NO_PASSWORD } from './user-store.ts';

/** OWASP's minimum for Argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const MAX_WAITING = 100;
const hashing = pLimit(2);
/** A rate-limited attacker cannot make this many guesses in an hour; an unlimited one makes them at once. */
const MIN_GUESSES = 1e6;
/** Estimating is slower than linear, and characters beyond this length hardly matter. */
const ESTIMATED_LENGTH = 64;

/** Verified for unknown e-mails, so that they take as long as known ones. Made at the first sign-in, whoever it is. */
let decoy: Promise<string> | undefined;

export async function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password, PARAMETERS));
}

/** @param salt random, 16 bytes. @returns what the same two give again, in hex */
export async function hashWithSalt(secret: string, salt: Buffer): Promise<string> {
  return (await bounded(() => hashRaw(secret, { ...PARAMETERS, salt }))).toString('hex');
}

/** @param stored undefined when there is no such user */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= hash('no account has this password', PARAMETERS);
  const other = await decoy;
  const usable = stored !== undefined && stored !== NO_PASSWORD;
  const against = usable ? stored : other;
  return (await bounded(() => verify(against, password))) && usable;
}

/** @throws AppError validation_failed */
export async function checkNewPassword(password: string, email: string): Promise<void> {
  if (password.length < 8) {
    throw new AppError('validation_failed', 'The password needs at least 8 characters.', { reason: 'password_short' });
  }
  // Its dictionaries take 11 MB, so they are loaded when the first password is set.
  const { strength } = await import('./password-strength.ts');
  const own = ['robowatch', email, ...email.split(/[@.]/)];
  if (strength.check(password.slice(0, ESTIMATED_LENGTH), own).guesses < MIN_GUESSES) {
    const detail = 'This password is too easy to guess. Choose another.';
    throw new AppError('validation_failed', detail, { reason: 'password_common' });
  }
}

function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (hashing.pendingCount >= MAX_WAITING)
    throw new AppError('overloaded', 'Too many sign-ins at once. Try again shortly.', { retryAfter: 2 });
  return hashing(work);
}
