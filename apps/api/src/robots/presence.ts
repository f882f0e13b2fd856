import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { type ClockSample, measureSkew, SKEW_NOISE_MS } from './clock-skew.ts';
import { type Device, type DeviceSeen, withSighting } from './device.ts';
import { noteDevices } from './note-devices.ts';
import { writePresence } from './presence-store.ts';
import { touchRobots } from './robot-store.ts';

interface Sighting {
  owner: number | null;
  at: number;
  /** Null while no report has told. */
  skewMs: number | null;
  /** As far as the latest report alone tells; counts while nothing better is known of the robot. */
  guessMs: number | null;
  /** What the next report's newest point is compared with. */
  clock: ClockSample | undefined;
  agentVersion: string | null;
  /** The devices that reported since the last write, in their order. */
  trail: DeviceSeen[];
  /** Whether its agent tells its boot: then nothing else is needed to tell devices apart. */
  tellsBoot: boolean;
  /** Since the last write to the database. */
  reports: number;
  /** Not yet published, and not yet written to the database. */
  isNews: boolean;
  isUnwritten: boolean;
  writtenAt: number;
}

/** Robots may report this seldom: what their clocks are compared with is kept so long. */
const FORGET_MS = 3_600_000;
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
   * @param device the computer that sent the report, where that can be told
   */
  note(
    robot: { id: number; owner_id: number | null },
    newestMs: number | null,
    agentVersion: string | null,
    device?: Device,
  ): void {
    const at = Date.now();
    const before = this.#seen.get(robot.id);
    const tellsBoot = before?.tellsBoot || device?.boot != null;
    const former = before?.trail ?? [];
    const trail = device && (device.boot !== null || !tellsBoot) ? withSighting(former, { ...device, at }) : former;
    const measured = newestMs === null ? undefined : measureSkew(before?.clock, { newest: newestMs, at });
    const clock = measured?.reference ?? before?.clock;
    const skew = measured?.skewMs ?? null;
    const guesses = [before?.isUnwritten ? before.guessMs : null, newestMs === null ? null : newestMs - at];
    const known = guesses.filter((guess) => guess !== null);
    const guessMs = known.length > 0 ? Math.max(...known) : null;
    const other = before?.isUnwritten ? before.skewMs : null;
    const skewMs = skew === null || other === null ? (skew ?? other) : Math.max(skew, other);
    this.#seen.set(robot.id, {
      ...{
        owner: robot.owner_id,
        at,
        skewMs,
        guessMs,
        clock,
        agentVersion: agentVersion ?? before?.agentVersion ?? null,
        ...{ trail, tellsBoot },
      },
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
    const seen = rows.map(([id, { at, skewMs, guessMs, agentVersion, reports, trail }]) => ({
      ...{ id, at: new Date(at), agentVersion, reports, device: trail.at(-1) ?? null },
      ...{ skewMs: withoutNoise(skewMs), guessMs: withoutNoise(guessMs) },
    }));
    await touchRobots(this.#db, seen);
    const changed = new Set(await writePresence(this.#db, seen, this.#options.offlineAfter));
    const trails = rows
      .map(([id, { trail }]) => [id, trail] as const)
      .filter(([id, trail]) => trail.length > 1 || (trail.length === 1 && changed.has(id)));
    for (const [id, written] of rows) {
      const sighting = this.#seen.get(id);
      if (!sighting) continue;
      const reports = sighting.reports - written.reports;
      const trail = sighting.trail.filter((one) => !written.trail.includes(one));
      Object.assign(sighting, { writtenAt, isUnwritten: sighting !== written, reports, trail });
    }
    await noteDevices(this.#db, trails);
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

const withoutNoise = (skewMs: number | null) =>
  skewMs !== null && Math.abs(skewMs) < SKEW_NOISE_MS ? 0 : skewMs && Math.round(skewMs);
