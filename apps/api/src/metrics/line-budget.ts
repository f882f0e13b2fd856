import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';

/** A robot may save up this many seconds' worth of lines, for draining its backlog after an outage. */
const BURST_SECONDS = 10;

/** A token bucket a robot, in lines. */
export class LineBudget {
  #perSecond: number;
  #buckets = new LRUCache<number, { lines: number; at: number }>({ max: 50_000 });

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Costs nothing yet; refuses a robot that is in debt before its body is read. @throws AppError rate_limited */
  check(robotId: number): void {
    const bucket = this.#refill(robotId);
    if (bucket.lines > 0) return;
    const retryAfter = Math.max(1, Math.ceil(-bucket.lines / this.#perSecond));
    throw new AppError('rate_limited', `This robot sends more than ${this.#perSecond} lines a second. Slow down.`, {
      retryAfter,
    });
  }

  spend(robotId: number, lines: number): void {
    this.#refill(robotId).lines -= lines;
  }

  #refill(robotId: number) {
    const now = performance.now();
    const full = this.#perSecond * BURST_SECONDS;
    const bucket = this.#buckets.get(robotId) ?? { lines: full, at: now };
    bucket.lines = Math.min(full, bucket.lines + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    this.#buckets.set(robotId, bucket);
    return bucket;
  }
}
