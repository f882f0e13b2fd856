import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { type DeviceSeen, SAME_START_MS } from './device.ts';
import { heardSince } from './server-watch-store.ts';

export interface Seen {
  id: number;
  at: Date;
  /** Milliseconds by which the robot's clock is ahead of the server's; null when unknown. */
  skewMs: number | null;
  /** It is no less than this: no point is from its future. */
  guessMs: number | null;
  agentVersion: string | null;
  /** The device that reported last, if any tells. */
  device?: DeviceSeen | null;
  /** Since the previous write. */
  reports: number;
}

/**
 * Upserts last-seen times, ordered by robot id, and adds to each robot's hours: reports, and the seconds since it was last seen
 * for as long as it counted as online. Skips robots that have been deleted. @returns the robots that another device reports for than before
 */
export async function writePresence(db: Db, seen: Seen[], offlineAfter: number): Promise<number[]> {
  const epoch = (time: string) => sql`extract(epoch from ${sql.ref(time)})`;
  const bootedAt = seen.map(({ device }) => device?.bootedAt && new Date(device.bootedAt).toISOString());
  const { rows } = await sql<{ id: number }>`
    with given as materialized (
      select robots.id, seen.at, coalesce(seen.skew, greatest(known.clock_skew_ms, seen.guess)) as skew, seen.agent, seen.reports, known.seen_at as before,
        seen.device, seen.booted_at, known.device as former_device, known.booted_at as formerly_booted_at,
        least(seen.at, known.seen_at + make_interval(secs => ${offlineAfter})) as online_until
      from unnest(
        ${seen.map(({ id }) => id)}::int[], ${seen.map(({ at }) => at.toISOString())}::timestamptz[],
        ${seen.map(({ skewMs }) => skewMs)}::bigint[], ${seen.map(({ agentVersion }) => agentVersion)}::text[],
        ${seen.map(({ reports }) => reports)}::int[], ${seen.map(({ guessMs }) => guessMs)}::bigint[],
        ${seen.map(({ device }) => device?.boot ?? null)}::text[], ${bootedAt.map((at) => at ?? null)}::timestamptz[]
      ) as seen (id, at, skew, agent, reports, guess, device, booted_at) join robots using (id)
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
    ), changed as (
      select id from given where device <> coalesce(former_device, '')
        or device is null and former_device is null and booted_at is not null and (
          formerly_booted_at is null or abs(extract(epoch from booted_at - formerly_booted_at)) >= ${SAME_START_MS / 1000}
        )
    ), written as (
    insert into robot_presence as known (robot_id, seen_at, clock_skew_ms, agent_version, device, booted_at)
    select id, at, skew, agent, device, booted_at from given order by id
    on conflict (robot_id) do update set seen_at = greatest(known.seen_at, excluded.seen_at),
      announced_offline = known.announced_offline and (
        excluded.seen_at <= known.seen_at or excluded.seen_at < ${heardSince(offlineAfter)}
      ),
      clock_skew_ms = coalesce(excluded.clock_skew_ms, known.clock_skew_ms),
      agent_version = coalesce(excluded.agent_version, known.agent_version),
      device = coalesce(excluded.device, known.device), booted_at = coalesce(excluded.booted_at, known.booted_at)
    ) select id from changed`.execute(db);
  return rows.map(({ id }) => id);
}

/** Marks silent robots as announced. @returns at most `limit`, skipping rows another replica has locked */
export async function takeSilent(tx: Db, offlineAfter: number, limit: number) {
  const { rows } = await sql<{ robot_id: number; owner_id: number | null }>`
    with silent as (
      select robot_id from robot_presence
      where not announced_offline and seen_at < ${heardSince(offlineAfter)}
      order by seen_at limit ${limit} for update skip locked
    )
    update robot_presence set announced_offline = true from silent, robots
    where robot_presence.robot_id = silent.robot_id and robots.id = silent.robot_id
    returning robots.id as robot_id, robots.owner_id`.execute(tx);
  return rows;
}
