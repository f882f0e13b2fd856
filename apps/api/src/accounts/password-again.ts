import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Caller } from './caller.ts';
import { verifyPassword } from './passwords.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import { findCredentials } from './user-store.ts';

/** Of somebody who is signed in. @throws AppError invalid_credentials */
export async function checkPassword(
  db: Database,
  actor: Actor,
  { id, email }: { id: number; email: string },
  password: string,
): Promise<void> {
  const stored = await findCredentials(db, email);
  if (await verifyPassword(stored?.hashed_password, password)) return;
  await audit(db, actor, { action: 'user.password_refused', target: { kind: 'user', id, name: email } });
  throw new AppError('invalid_credentials', 'The password is wrong.');
}

/**
 * Runs what changes an account's factors, for its owner in a browser who has just typed the password.
 * @throws AppError forbidden for an API key; invalid_credentials; rate_limited
 */
export async function withPassword<T>(
  { db, attempts }: { db: Database; attempts: Pick<SignInAttempts, 'password'> },
  actor: Actor,
  caller: Caller,
  password: string,
  work: () => Promise<T>,
): Promise<T> {
  const sessionId = sessionOf(caller);
  await attempts.password.spend(sessionId);
  await checkPassword(db, actor, caller, password);
  await attempts.password.reset(sessionId);
  return work();
}

/** @throws AppError forbidden */
export function sessionOf(caller: Caller): string {
  if (!caller.session_id) throw new AppError('forbidden', 'An API key cannot change how its owner signs in.');
  return caller.session_id;
}
