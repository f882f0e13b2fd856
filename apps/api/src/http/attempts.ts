import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors.ts';

const WINDOW_SECONDS = 900;

/**
 * Counts attempts a key in 15 minutes: in Redis for all replicas together, or in memory where there is none or while it
 * is away. Spending comes before the attempt, so that parallel ones cannot slip through.
 */
export class Attempts {
  #limiter: RateLimiterMemory | RateLimiterRedis;

  constructor(name: string, points: number, redis: Redis | undefined) {
    const options = { keyPrefix: `robowatch:${name}`, points, duration: WINDOW_SECONDS };
    const memory = new RateLimiterMemory(options);
    this.#limiter = redis
      ? new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: memory })
      : memory;
  }

  /** @throws AppError rate_limited, with the seconds to wait */
  async spend(key: string | number): Promise<void> {
    try {
      await this.#limiter.consume(key);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const retryAfter = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
      throw new AppError('rate_limited', `Too many attempts. Try again in ${retryAfter} seconds.`, { retryAfter });
    }
  }

  /** Gives one back after an attempt that was right. */
  async refund(key: string | number): Promise<void> {
    await this.#limiter.reward(key);
  }

  async reset(key: string | number): Promise<void> {
    await this.#limiter.delete(key);
  }
}
