import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface Seen {
  id: number;
  at: Date;
  /** Milliseconds by which the robot's clock is ahead of the server's; null when unknown. */
  skewMs: number | null;
  agentVersion: string | null;
}

/** Upserts last-seen times, ordered by robot id. Skips robots that have been deleted. */
export async function writePresence(db: Db, seen: Seen[]): Promise<void> {
  await sql`
    insert into robot_presence as known (robot_id, seen_at, clock_skew_ms, agent_version)
    select robots.id, seen.at, seen.skew, seen.agent from unnest(
      ${seen.map(({ id }) => id)}::int[], ${seen.map(({ at }) => at.toISOString())}::timestamptz[],
      ${seen.map(({ skewMs }) => skewMs)}::bigint[], ${seen.map(({ agentVersion }) => agentVersion)}::text[]
    ) as seen (id, at, skew, agent) join robots using (id) order by robots.id
    on conflict (robot_id) do update set seen_at = greatest(known.seen_at, excluded.seen_at), announced_offline = false,
      clock_skew_ms = coalesce(excluded.clock_skew_ms, known.clock_skew_ms),
      agent_version = coalesce(excluded.agent_version, known.agent_version)`.execute(db);
}

/** Marks silent robots as announced. @returns at most `limit`, skipping rows another replica has locked */
export async function takeSilent(tx: Db, offlineAfter: number, limit: number) {
  const { rows } = await sql<{ robot_id: number; owner_id: number | null }>`
    with silent as (
      select robot_id from robot_presence
      where not announced_offline and seen_at < now() - make_interval(secs => ${offlineAfter})
      order by seen_at limit ${limit} for update skip locked
    )
    update robot_presence set announced_offline = true from silent, robots
    where robot_presence.robot_id = silent.robot_id and robots.id = silent.robot_id
    returning robots.id as robot_id, robots.owner_id`.execute(tx);
  return rows;
}
