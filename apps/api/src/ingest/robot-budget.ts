import { LRUCache } from 'lru-cache';
import { upTo } from '../caches/up-to.ts';
import { AppError } from '../errors.ts';

/** A robot may save up this many seconds' worth, so that it can drain its backlog after an outage. */
const BURST_SECONDS = 10;

/** What a robot may send per second. */
export interface Rate {
  lines: number;
  /** After unpacking. */
  bytes: number;
}

interface Bucket extends Rate {
  at: number;
}

/** Two token buckets per robot: lines and bytes. */
export class RobotBudget {
  #perSecond: Rate;
  #buckets = new LRUCache<number, Bucket>(upTo(50_000));

  constructor(perSecond: Rate) {
    this.#perSecond = perSecond;
  }

  /** Refuses a robot in debt before its body is read; spends nothing. @throws AppError rate_limited */
  check(robotId: number): void {
    const bucket = this.#refill(robotId);
    for (const what of ['lines', 'bytes'] as const) {
      if (bucket[what] > 0) continue;
      const perSecond = this.#perSecond[what];
      const retryAfter = Math.max(1, Math.ceil(-bucket[what] / perSecond));
      throw new AppError('rate_limited', `This robot sends more than ${perSecond} ${what} per second. Slow down.`, {
        retryAfter,
      });
    }
  }

  /** Checks again, because other bodies of the robot may have been charged since. @throws AppError rate_limited */
  spend(robotId: number, { lines, bytes }: Rate): void {
    this.check(robotId);
    const bucket = this.#refill(robotId);
    bucket.lines -= lines;
    bucket.bytes -= bytes;
  }

  #refill(robotId: number): Bucket {
    const now = performance.now();
    const full = { lines: this.#perSecond.lines * BURST_SECONDS, bytes: this.#perSecond.bytes * BURST_SECONDS };
    const bucket = this.#buckets.get(robotId) ?? { ...full, at: now };
    const seconds = (now - bucket.at) / 1000;
    bucket.lines = Math.min(full.lines, bucket.lines + seconds * this.#perSecond.lines);
    bucket.bytes = Math.min(full.bytes, bucket.bytes + seconds * this.#perSecond.bytes);
    bucket.at = now;
    this.#buckets.set(robotId, bucket);
    return bucket;
  }
}
