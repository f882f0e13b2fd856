import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface Round {
  /** Only the latest may change anything. */
  number: string;
  evaluatedAt: Date | null;
  watchedSince: Date | null;
}

/** Begins an evaluation, and thereby ends the right of any other that is under way. */
export async function beginRound(db: Db): Promise<Round> {
  const { rows } = await sql<Round>`
    update alert_watch set round = round + 1
    returning round as number, evaluated_at as "evaluatedAt", watched_since as "watchedSince"`.execute(db);
  return rows[0] as Round;
}

/** Keeps another evaluation from beginning until the transaction ends. @returns false when one has begun already */
export async function holdRound(tx: Db, number: string): Promise<boolean> {
  const { rows } = await sql<{ round: string }>`select round from alert_watch for share`.execute(tx);
  return rows[0]?.round === number;
}

/** Of the time, for evaluations: a protection, which fleets that the machine can bear do not notice. */
const SHARE = 0.25;
/** Shorter than the gap after which nobody is said to have watched. */
const LONGEST_PAUSE_S = 35;

/** @param tookS seconds, after which a pause is due */
export async function endRound(
  db: Db,
  number: string,
  { now, watchedSince, tookS }: { now: Date; watchedSince: Date; tookS: number },
): Promise<void> {
  const pauseS = Math.min(tookS / SHARE, LONGEST_PAUSE_S) - tookS;
  await sql`
    update alert_watch set evaluated_at = ${now}, watched_since = ${watchedSince}, rests_until = now() + make_interval(secs => ${pauseS})
    where round = ${number}`.execute(db);
}

/** Whether no replica should evaluate yet. */
export async function isResting(db: Db): Promise<boolean> {
  const { rows } = await sql<{ rests: boolean }>`
    select coalesce(rests_until > now(), false) as rests from alert_watch`.execute(db);
  return rows[0]?.rests === true;
}

/** Notes that what these rules ask for could not be read. @param gapS seconds after which that is another occasion */
export async function noteUnknown(db: Db, ruleIds: number[], now: Date, gapS: number): Promise<void> {
  await sql`
    update alert_rules set unknown_until = ${now}::timestamptz,
      unknown_from = case when unknown_until > ${now}::timestamptz - make_interval(secs => ${gapS}) then unknown_from else ${now}::timestamptz end
    where id = any(${ruleIds}::int[])`.execute(db);
}
