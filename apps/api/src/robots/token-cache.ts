import type DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { gathered } from '../caches/gathered.ts';
import { upTo } from '../caches/up-to.ts';
import type { Database } from '../db/schema.ts';
import { databaseAway, notReporting } from '../errors.ts';
import { inTime } from '../scheduling/in-time.ts';
import { findReporting, type ReportingRobot } from './credential-store.ts';

const MAX_LOOKUPS = 1000;
const QUERIES_AT_ONCE = 2;

/** Saves the look-up before a body is read. Never authoritative: every write is rechecked when it is sent. */
export class TokenCache {
  #timeoutMs: number;
  #robots = new LRUCache<string, ReportingRobot>({ ...upTo(50_000), ttl: 30_000 });
  /** Batches concurrent look-ups into one query; after a restart the whole fleet reports at once. */
  #lookups: DataLoader<string, ReportingRobot | undefined>;

  constructor(db: Database, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    const load = async (hashes: readonly string[]) => {
      const found = await findReporting(db, hashes);
      return hashes.map((hash) => found.get(hash));
    };
    this.#lookups = gathered(load, { cache: false, maxBatchSize: MAX_LOOKUPS, atOnce: QUERIES_AT_ONCE });
  }

  /** @throws AppError database_unavailable when the database does not respond in time */
  async find(hash: string): Promise<ReportingRobot | undefined> {
    const cached = this.#robots.get(hash);
    if (cached) return cached;
    const robot = await inTime(this.#lookups.load(hash), this.#timeoutMs, databaseAway);
    if (robot) this.#robots.set(hash, robot);
    return robot;
  }

  /**
   * For reports refused without a write: if the token has been revoked, that takes precedence, because the agent must
   * keep its data. @throws AppError unauthorized, database_unavailable
   */
  async confirm(hash: string): Promise<void> {
    this.#robots.delete(hash);
    if (!(await this.find(hash))) throw notReporting();
  }

  /** Updates the robot with what a write has just read. */
  renew(hash: string, robot: ReportingRobot): void {
    this.#robots.set(hash, robot);
  }

  drop(hash: string): void {
    this.#robots.delete(hash);
  }
}
