import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/schema.ts';
import { type DueHour, markDue } from './due-store.ts';

const HOUR_MS = 3_600_000;
/** More than a write takes, whatever happens: an hour that was marked so long before it is computed has all its points. */
const WRITE_MS = 10_000;
const MAX_REMEMBERED = 200_000;
const AT_ONCE = 5_000;

/**
 * Marks the hours that get points, before the points are stored: from then on until it is computed an hour is read from the
 * points themselves. An hour under way is marked once.
 */
export class DueHours {
  #delayMs: number;
  #marked = new LRUCache<string, true>({ max: MAX_REMEMBERED });
  #marks: DataLoader<DueHour, true, string>;

  /** @param delaySeconds after its end, or after a late point, an hour waits so long for others to arrive; 10 at least */
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

  /** @param hours since 1970. @returns undefined when all are marked already */
  mark(robotId: number, hours: ReadonlySet<number>): Promise<unknown> | undefined {
    let waits: Promise<unknown>[] | undefined;
    for (const hour of hours) {
      if (this.#marked.has(`${robotId} ${hour}`)) continue;
      waits ??= [];
      waits.push(this.#mark(robotId, hour));
    }
    return waits && Promise.all(waits);
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
