import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/schema.ts';
import { databaseAway, notReporting } from '../errors.ts';
import { inTime } from '../scheduling/in-time.ts';
import { findReporting, type ReportingRobot } from './credential-store.ts';

const MAX_LOOKUPS = 1000;

/** Spares the look-up before a body is read. Never the last word: every write is checked again when it is sent. */
export class TokenCache {
  #timeoutMs: number;
  #robots = new LRUCache<string, ReportingRobot>({ max: 50_000, ttl: 30_000 });
  /** Look-ups of the same moment are one query: after a restart the whole fleet comes at once. */
  #lookups: DataLoader<string, ReportingRobot | undefined>;

  constructor(db: Database, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    const load = async (hashes: readonly string[]) => {
      const found = await findReporting(db, hashes);
      return hashes.map((hash) => found.get(hash));
    };
    this.#lookups = new DataLoader(load, {
      cache: false,
      maxBatchSize: MAX_LOOKUPS,
      batchScheduleFn: (run) => setImmediate(run),
    });
  }

  /** @throws AppError database_unavailable when the database does not answer in time */
  async find(hash: string): Promise<ReportingRobot | undefined> {
    const cached = this.#robots.get(hash);
    if (cached) return cached;
    const robot = await inTime(this.#lookups.load(hash), this.#timeoutMs, databaseAway);
    if (robot) this.#robots.set(hash, robot);
    return robot;
  }

  /**
   * For what is refused without a write: a token that died meanwhile is told so, for its data must be kept.
   * @throws AppError unauthorized, database_unavailable
   */
  async confirm(hash: string): Promise<void> {
    this.#robots.delete(hash);
    if (!(await this.find(hash))) throw notReporting();
  }

  /** As a write has just found it. */
  renew(hash: string, robot: ReportingRobot): void {
    this.#robots.set(hash, robot);
  }

  drop(hash: string): void {
    this.#robots.delete(hash);
  }
}
