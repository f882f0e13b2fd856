import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { writePresence } from './presence-store.ts';
import { touchRobots } from './robot-store.ts';

interface Sighting {
  owner: number | null;
  at: number;
  skewMs: number | null;
  agentVersion: string | null;
  /** Since the last write to the database. */
  reports: number;
  /** Not yet published, and not yet written to the database. */
  isNews: boolean;
  isUnwritten: boolean;
  writtenAt: number;
}

/** Smaller differences mean nothing: points wait up to a flush interval in the agent. */
const SKEW_NOISE_MS = 30_000;
const FORGET_MS = 60_000;
/** Arrays of this many rows are built within a few milliseconds. */
const ROWS_AT_ONCE = 1_000;

export interface PresenceOptions {
  /** Shortest time between two writes for one robot, milliseconds. */
  everyMs: number;
  /** Seconds of silence after which it counts as offline. */
  offlineAfter: number;
}

/**
 * Tracks when robots were last seen. Publishes sightings every few seconds and writes them to the database less often,
 * all due robots in one statement.
 */
export class Presence {
  #db: Database;
  #options: PresenceOptions;
  #seen = new Map<number, Sighting>();

  constructor(db: Database, options: PresenceOptions) {
    this.#db = db;
    this.#options = options;
  }

  /**
   * @param newestMs the newest timestamp set by the robot, used to measure its clock skew
   * @param agentVersion the version of Telegraf that sent the report, if it was Telegraf
   */
  note(robot: { id: number; owner_id: number | null }, newestMs: number | null, agentVersion: string | null): void {
    const at = Date.now();
    const skew = newestMs === null ? null : newestMs - at;
    const before = this.#seen.get(robot.id);
    // Back-filled data looks like a slow clock, so the freshest batch since the last write determines the skew.
    const other = before?.isUnwritten ? before.skewMs : null;
    const skewMs = skew === null || other === null ? (skew ?? other) : Math.max(skew, other);
    this.#seen.set(robot.id, {
      ...{ owner: robot.owner_id, at, skewMs, agentVersion: agentVersion ?? before?.agentVersion ?? null },
      ...{ isNews: true, isUnwritten: true, writtenAt: before?.writtenAt ?? 0, reports: (before?.reports ?? 0) + 1 },
    });
  }

  /** Publishes sightings since the last call and writes those that are due. Meant to be called every few seconds. */
  async tick(): Promise<void> {
    const now = Date.now();
    for (const [id, sighting] of this.#seen)
      if (!sighting.isUnwritten && now - sighting.at > FORGET_MS) this.#seen.delete(id);
    await this.#write(now - this.#options.everyMs);
    await this.#tell();
  }

  /** Writes and publishes everything pending. */
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
    const writtenAt = Date.now();
    const seen = rows.map(([id, { at, skewMs, agentVersion, reports }]) => ({
      ...{ id, at: new Date(at), agentVersion, reports, skewMs: skewMs === null ? null : withoutNoise(skewMs) },
    }));
    await touchRobots(this.#db, seen);
    await writePresence(this.#db, seen, this.#options.offlineAfter);
    for (const [id, written] of rows) {
      const sighting = this.#seen.get(id);
      if (!sighting) continue;
      const reports = sighting.reports - written.reports;
      Object.assign(sighting, { writtenAt, isUnwritten: sighting !== written, reports });
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

const withoutNoise = (skewMs: number) => (Math.abs(skewMs) < SKEW_NOISE_MS ? 0 : Math.round(skewMs));
