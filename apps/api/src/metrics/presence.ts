import { sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';

interface Sighting {
  owner: number | null;
  at: number;
  skewMs: number | null;
  agentVersion: string | null;
  /** What of it was neither told nor written down yet. */
  isNews: boolean;
  isUnwritten: boolean;
  writtenAt: number;
}

/** A difference below one flush interval tells nothing: points wait that long in the agent. */
const SKEW_NOISE_MS = 30_000;
const FORGET_MS = 60_000;
const ROWS_AT_ONCE = 5_000;

/**
 * Remembers which robots were heard of, tells of them every few seconds, and writes each of them down less often: one
 * statement for all whose turn it is.
 */
export class Presence {
  #db: Database;
  #everyMs: number;
  #seen = new Map<number, Sighting>();

  /** @param everyMs how often one robot is written down at most */
  constructor(db: Database, everyMs: number) {
    this.#db = db;
    this.#everyMs = everyMs;
  }

  /**
   * @param newestMs the newest timestamp the robot itself gave, for telling its clock
   * @param agentVersion of the Telegraf that sent it, if it was one
   */
  note(robot: { id: number; owner_id: number | null }, newestMs: number | null, agentVersion: string | null): void {
    const at = Date.now();
    const skew = newestMs === null ? null : newestMs - at;
    const before = this.#seen.get(robot.id);
    // A back-filled batch is old though the clock is right: the freshest batch since the last writing tells the skew.
    const other = before?.isUnwritten ? before.skewMs : null;
    const skewMs = skew === null || other === null ? (skew ?? other) : Math.max(skew, other);
    this.#seen.set(robot.id, {
      ...{ owner: robot.owner_id, at, skewMs, agentVersion: agentVersion ?? before?.agentVersion ?? null },
      ...{ isNews: true, isUnwritten: true, writtenAt: before?.writtenAt ?? 0 },
    });
  }

  /** Tells of who was seen since the last time; writes down those whose turn it is. To be called every few seconds. */
  async tick(): Promise<void> {
    const now = Date.now();
    for (const [id, sighting] of this.#seen)
      if (!sighting.isUnwritten && now - sighting.at > FORGET_MS) this.#seen.delete(id);
    await this.#write(now - this.#everyMs);
    await this.#tell();
  }

  /** Writes down and tells everything. */
  async flush(): Promise<void> {
    await this.#write(Number.POSITIVE_INFINITY);
    await this.#tell();
  }

  async #write(writtenBefore: number): Promise<void> {
    const due = [...this.#seen].filter(([, one]) => one.isUnwritten && one.writtenAt <= writtenBefore);
    due.sort(([a], [b]) => a - b);
    for (let i = 0; i < due.length; i += ROWS_AT_ONCE) await this.#writeSome(due.slice(i, i + ROWS_AT_ONCE));
  }

  async #writeSome(rows: [number, Sighting][]): Promise<void> {
    const skews = rows.map(([, { skewMs }]) =>
      skewMs !== null && Math.abs(skewMs) < SKEW_NOISE_MS ? 0 : skewMs && Math.round(skewMs),
    );
    const writtenAt = Date.now();
    // Rows of deleted robots are left out, and robots themselves are touched once a minute.
    await sql`
      with given as materialized (
        select robots.id, g.at, g.skew, g.agent, robots.last_seen_at from unnest(
          ${rows.map(([id]) => id)}::int[], ${rows.map(([, { at }]) => new Date(at).toISOString())}::timestamptz[],
          ${skews}::bigint[], ${rows.map(([, { agentVersion }]) => agentVersion)}::text[]
        ) as g (id, at, skew, agent) join robots using (id)
      ), stale as (
        update robots set last_seen_at = given.at from given
        where robots.id = given.id and (given.last_seen_at is null or given.last_seen_at < given.at - interval '1 minute')
      )
      insert into robot_presence as known (robot_id, seen_at, clock_skew_ms, agent_version)
      select id, at, skew, agent from given order by id
      on conflict (robot_id) do update set seen_at = greatest(known.seen_at, excluded.seen_at), announced_offline = false,
        clock_skew_ms = coalesce(excluded.clock_skew_ms, known.clock_skew_ms),
        agent_version = coalesce(excluded.agent_version, known.agent_version)`.execute(this.#db);
    for (const [id, written] of rows) {
      const sighting = this.#seen.get(id);
      if (sighting) Object.assign(sighting, { writtenAt, isUnwritten: sighting !== written });
    }
  }

  async #tell(): Promise<void> {
    const news = [...this.#seen].filter(([, { isNews }]) => isNews);
    const owners = Map.groupBy(news, ([, { owner }]) => owner);
    await publish(
      this.#db,
      ...[...owners].map(([owner_id, robots]) => ({
        ...{ type: 'robot_seen' as const, owner_id, robot_ids: robots.map(([id]) => id) },
      })),
    );
    for (const [, sighting] of news) sighting.isNews = false;
  }
}

/** Tells once of each robot that fell silent, whichever replica sees it first. */
export async function announceOffline(db: Database, offlineAfter: number): Promise<void> {
  for (let found = ROWS_AT_ONCE; found === ROWS_AT_ONCE; ) {
    found = await db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ id: number; owner_id: number | null }>`
        with silent as (
          select robot_id from robot_presence
          where not announced_offline and seen_at < now() - make_interval(secs => ${offlineAfter})
          order by seen_at limit ${ROWS_AT_ONCE} for update skip locked
        )
        update robot_presence set announced_offline = true from silent, robots
        where robot_presence.robot_id = silent.robot_id and robots.id = silent.robot_id
        returning robots.id, robots.owner_id`.execute(tx);
      await publish(
        tx,
        ...rows.map(({ id, owner_id }) => ({ type: 'robot_offline' as const, robot_id: id, owner_id })),
      );
      return rows.length;
    });
  }
}
