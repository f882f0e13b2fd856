import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** Seconds without a sign of any server, after which there was none. Signs are given every few seconds. */
const AWAY_AFTER = 15;

/**
 * A robot last seen before this is offline. While no server was there, none could be heard: after an absence they have as
 * long as ever to report again.
 * @param offlineAfter seconds
 */
export const heardSince = (offlineAfter: number): RawBuilder<Date> => {
  const silence = sql`make_interval(secs => ${offlineAfter})`;
  return sql<Date>`least(
    now() - ${silence}, (select away_from - ${silence} from server_watch where away_until > now() - ${silence})
  )`;
};

/** Gives a sign, and notes an absence that ends with it. Absences in quick succession are one. */
export async function noteAlive(db: Db, offlineAfter: number): Promise<void> {
  const isBack = sql`alive_at < now() - make_interval(secs => ${AWAY_AFTER})`;
  const isAgain = sql`away_until > alive_at - make_interval(secs => ${offlineAfter})`;
  await sql`
    update server_watch set alive_at = now(),
      away_until = case when ${isBack} then now() else away_until end,
      away_from = case when ${isBack} and not coalesce(${isAgain}, false) then alive_at else away_from end`.execute(db);
}
