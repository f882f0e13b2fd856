import { sql } from 'kysely';
import type { ChallengeKind, Db } from '../db/schema.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';

export const CHALLENGE_TTL = 300;
const MAX_ATTEMPTS = 5;

/** @returns the challenge, for the browser; only its hash is stored */
export async function addChallenge(
  db: Db,
  kind: ChallengeKind,
  { userId, sessionId, payload }: { userId?: number; sessionId?: string; payload?: object } = {},
): Promise<string> {
  const challenge = newSecret();
  await db
    .insertInto('sign_in_challenges')
    .values({
      hash: sha256(challenge),
      kind,
      user_id: userId ?? null,
      session_id: sessionId ?? null,
      payload: payload && JSON.stringify(payload),
      expires_at: sql<Date>`now() + make_interval(secs => ${CHALLENGE_TTL})`,
    })
    .execute();
  return challenge;
}

/**
 * Counts an attempt before it is made, so that concurrent ones cannot slip through.
 * @returns the user it is about, and whether this was the last attempt
 */
export async function tryChallenge(db: Db, kind: ChallengeKind, challenge: string) {
  const tried = await db
    .updateTable('sign_in_challenges')
    .set({ attempts: sql<number>`attempts + 1` })
    .where('hash', '=', sha256(challenge))
    .where('kind', '=', kind)
    .where('attempts', '<', MAX_ATTEMPTS)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning(['user_id', 'attempts'])
    .executeTakeFirst();
  return tried?.user_id ? { userId: tried.user_id, isLast: tried.attempts >= MAX_ATTEMPTS } : undefined;
}

/** Whether somebody has used up the attempts of a challenge. */
export async function isUsedUp(db: Db, kind: ChallengeKind, challenge: string): Promise<boolean> {
  const found = await db
    .selectFrom('sign_in_challenges')
    .select('hash')
    .where('hash', '=', sha256(challenge))
    .where('kind', '=', kind)
    .where('attempts', '>=', MAX_ATTEMPTS)
    .executeTakeFirst();
  return found !== undefined;
}

/** Deletes the challenge it returns, so that of several concurrent callers exactly one gets it. */
export async function takeChallenge(db: Db, kind: ChallengeKind, challenge: string) {
  return db
    .deleteFrom('sign_in_challenges')
    .where('hash', '=', sha256(challenge))
    .where('kind', '=', kind)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning(['user_id', 'session_id', 'payload'])
    .executeTakeFirst();
}

/** What was half done when an account's factors changed must be begun again. */
export async function dropChallengesOf(db: Db, userId: number): Promise<void> {
  await db.deleteFrom('sign_in_challenges').where('user_id', '=', userId).execute();
}
