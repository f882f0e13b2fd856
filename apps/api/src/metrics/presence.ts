import { sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';

interface Sighting {
  at: number;
  skewMs: number | null;
  agentVersion: string | null;
}

/** A difference below one flush interval tells nothing: points wait that long in the agent. */
const SKEW_NOISE_MS = 30_000;

/** Remembers which robots were heard of and writes it down every few seconds: one statement for all of them. */
export class Presence {
  #db: Database;
  #seen = new Map<number, Sighting>();

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * @param newestMs the newest timestamp the robot itself gave, for telling its clock
   * @param agentVersion of the Telegraf that sent it, if it was one
   */
  note(robotId: number, newestMs: number | null, agentVersion: string | null): void {
    const at = Date.now();
    const skew = newestMs === null ? null : newestMs - at;
    // A back-filled batch is old though the clock is right: the freshest batch between two flushes tells the skew.
    const before = this.#seen.get(robotId);
    const skewMs = Math.max(skew ?? Number.NEGATIVE_INFINITY, before?.skewMs ?? Number.NEGATIVE_INFINITY);
    this.#seen.set(robotId, {
      ...{ at, skewMs: Number.isFinite(skewMs) ? skewMs : null },
      agentVersion: agentVersion ?? before?.agentVersion ?? null,
    });
  }

  async flush(): Promise<void> {
    if (this.#seen.size === 0) return;
    const seen = [...this.#seen].sort(([a], [b]) => a - b);
    this.#seen = new Map();
    const skews = seen.map(([, { skewMs }]) =>
      skewMs !== null && Math.abs(skewMs) < SKEW_NOISE_MS ? 0 : skewMs && Math.round(skewMs),
    );
    try {
      const { rows } = await sql<{ id: number; owner_id: number | null }>`
        update robots set last_seen_at = greatest(last_seen_at, g.at), clock_skew_ms = coalesce(g.skew, clock_skew_ms), agent_version = coalesce(g.agent, agent_version), announced_offline = false
        from unnest(${seen.map(([id]) => id)}::int[], ${seen.map(([, { at }]) => new Date(at).toISOString())}::timestamptz[], ${skews}::bigint[], ${seen.map(([, { agentVersion }]) => agentVersion)}::text[]) as g (id, at, skew, agent)
        where robots.id = g.id returning robots.id, robots.owner_id`.execute(this.#db);
      await publish(this.#db, ...rows.map(eventOf('robot_seen')));
    } catch (error) {
      for (const [id, sighting] of seen) if (!this.#seen.has(id)) this.#seen.set(id, sighting);
      throw error;
    }
  }
}

const eventOf =
  (type: 'robot_seen' | 'robot_offline') =>
  ({ id, owner_id }: { id: number; owner_id: number | null }) => ({ type, robot_id: id, owner_id });

/** Tells once of each robot that fell silent. */
export async function announceOffline(db: Database, offlineAfter: number): Promise<void> {
  const { rows } = await sql<{ id: number; owner_id: number | null }>`
    update robots set announced_offline = true
    where not announced_offline and last_seen_at < now() - make_interval(secs => ${offlineAfter}) returning id, owner_id`.execute(
    db,
  );
  await publish(db, ...rows.map(eventOf('robot_offline')));
}
