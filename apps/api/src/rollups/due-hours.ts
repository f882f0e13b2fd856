import { setImmediate as nextTurn } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { upTo } from '../caches/up-to.ts';
import type { Database } from '../db/schema.ts';
import { type DueHour, markDue } from './due-store.ts';

const HOUR_MS = 3_600_000;
/** Longer than any write takes, so points stored after marking an hour are in before it is computed. */
const WRITE_MS = 10_000;
const MAX_REMEMBERED = 200_000;
const AT_ONCE = 1_000;
const FEW = 500;

/**
 * Marks hours as due before points are stored in them. Until an hour is computed, it is read from its points. The current hour
 * is marked only once.
 */
export class DueHours {
  #delayMs: number;
  #marked = new LRUCache<string, true>(upTo(MAX_REMEMBERED));
  #marks: DataLoader<DueHour, true, string>;

  /** @param delaySeconds how long an hour waits for more points after its end or its last late point; at least 10 */
  constructor(db: Database, delaySeconds: number) {
    this.#delayMs = delaySeconds * 1000;
    const mark = async (hours: readonly DueHour[]) => {
      await markDue(db, hours);
      return hours.map(() => true as const);
    };
    this.#marks = new DataLoader(mark, {
      maxBatchSize: AT_ONCE,
      cacheKeyFn: keyOf,
      cacheMap: new Map(),
      batchScheduleFn: (run) => setImmediate(run),
    });
  }

  /** @param hours since 1970. @returns undefined when all of them are already marked */
  mark(robotId: number, hours: ReadonlySet<number>): Promise<unknown> | undefined {
    if (hours.size > FEW) return this.#markMany(robotId, [...hours]);
    let waits: Promise<unknown>[] | undefined;
    for (const hour of hours) {
      if (this.#marked.has(`${robotId} ${hour}`)) continue;
      waits ??= [];
      waits.push(this.#mark(robotId, hour));
    }
    return waits && Promise.all(waits);
  }

  /** A report may touch every hour of the retention: yields to the event loop between batches. */
  async #markMany(robotId: number, hours: number[]): Promise<void> {
    for (let i = 0; i < hours.length; i += FEW) {
      await this.mark(robotId, new Set(hours.slice(i, i + FEW)));
      await nextTurn();
    }
  }

  async #mark(robot_id: number, hour: number): Promise<void> {
    const now = Date.now();
    const end = (hour + 1) * HOUR_MS;
    const one = { robot_id, hour, due_at: new Date(Math.max(now, end) + this.#delayMs) };
    await this.#marks.load(one).finally(() => this.#marks.clear(one));
    const ttl = one.due_at.getTime() - WRITE_MS - Date.now();
    if (ttl > 0) this.#marked.set(keyOf(one), true, { ttl });
  }
}

const keyOf = ({ robot_id, hour }: DueHour) => `${robot_id} ${hour}`;
