import cluster from 'node:cluster';
import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterCluster,
  RateLimiterClusterMaster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { AppError } from '../errors.ts';

export const ATTEMPTS_WINDOW_S = 900;

/** How long a worker waits for its supervisor. */
const SUPERVISOR_MS = 2_000;

/** In a supervisor: counts the attempts at its workers. */
export const countForWorkers = () => void new RateLimiterClusterMaster();

/**
 * Limits attempts per key in 15 minutes, or another time: in Redis across all replicas; without Redis or while it is unreachable,
 * in memory, workers in that of their supervisor. Attempts are counted before they are made, so that parallel ones cannot slip through.
 */
export class Attempts {
  #limiter: RateLimiterAbstract;

  constructor(name: string, points: number, redis: Redis | undefined, duration = ATTEMPTS_WINDOW_S) {
    const options = { keyPrefix: `robowatch:${name}`, points, duration };
    const memory = cluster.isWorker
      ? new RateLimiterCluster({ ...options, timeoutMs: SUPERVISOR_MS })
      : new RateLimiterMemory(options);
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

  /** When attempts are counted anew, if there are none left now. */
  async usedUpUntil(key: string | number): Promise<Date | undefined> {
    const spent = await this.#limiter.get(key);
    return spent && spent.consumedPoints >= this.#limiter.points
      ? new Date(Date.now() + spent.msBeforeNext)
      : undefined;
  }

  /** Returns one attempt after a success. */
  async refund(key: string | number): Promise<void> {
    await this.#limiter.reward(key);
  }

  async reset(key: string | number): Promise<void> {
    await this.#limiter.delete(key);
  }
}
