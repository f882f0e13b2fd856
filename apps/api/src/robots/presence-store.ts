import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface Seen {
  id: number;
  at: Date;
  /** Milliseconds by which the robot's clock is ahead of the server's; null when unknown. */
  skewMs: number | null;
  agentVersion: string | null;
  /** Since the previous write. */
  reports: number;
}

/**
 * Upserts last-seen times, ordered by robot id, and adds to each robot's hours: reports, and the seconds since it was last seen
 * for as long as it counted as online. Skips robots that have been deleted.
 */
export async function writePresence(db: Db, seen: Seen[], offlineAfter: number): Promise<void> {
  const epoch = (time: string) => sql`extract(epoch from ${sql.ref(time)})`;
  await sql`
    with given as materialized (
      select robots.id, seen.at, seen.skew, seen.agent, seen.reports, known.seen_at as before,
        least(seen.at, known.seen_at + make_interval(secs => ${offlineAfter})) as online_until
      from unnest(
        ${seen.map(({ id }) => id)}::int[], ${seen.map(({ at }) => at.toISOString())}::timestamptz[],
        ${seen.map(({ skewMs }) => skewMs)}::bigint[], ${seen.map(({ agentVersion }) => agentVersion)}::text[],
        ${seen.map(({ reports }) => reports)}::int[]
      ) as seen (id, at, skew, agent, reports) join robots using (id)
      left join robot_presence known on known.robot_id = robots.id
    ), parts as (
      select id, hour, least(${epoch('online_until')}, (hour + 1) * 3600) - greatest(${epoch('before')}, hour * 3600) as seconds, 0 as reports
      from given cross join lateral generate_series(
        floor(${epoch('before')} / 3600)::int, floor(${epoch('online_until')} / 3600)::int
      ) as hour where online_until > before
      union all select id, floor(${epoch('at')} / 3600)::int, 0, reports from given
    ), activity as (
      insert into robot_activity as known (robot_id, hour, online_s, reports)
      select id, hour, least(3600, sum(seconds)), sum(reports) from parts group by id, hour order by id, hour
      on conflict (robot_id, hour) do update set online_s = least(3600, known.online_s + excluded.online_s),
        reports = known.reports + excluded.reports
    )
    insert into robot_presence as known (robot_id, seen_at, clock_skew_ms, agent_version)
    select id, at, skew, agent from given order by id
    on conflict (robot_id) do update set seen_at = greatest(known.seen_at, excluded.seen_at),
      announced_offline = known.announced_offline and (
        excluded.seen_at <= known.seen_at or excluded.seen_at < now() - make_interval(secs => ${offlineAfter})
      ),
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
