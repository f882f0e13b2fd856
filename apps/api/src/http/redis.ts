import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** How long a request waits for Redis before it is counted in memory. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A connection that comes back by itself; while it is away, commands fail at once. The log is told once an outage.
 * Resolves when it is there, or does not seem to be.
 */
export async function connectRedis(url: string, log: Logger): Promise<Redis> {
  const redis = new Redis(url, {
    connectionName: 'robowatch',
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 200, 2_000),
  });
  let away = false;
  redis.on('error', (err) => {
    if (!away) log.warn({ err }, 'Redis cannot be reached: attempts are counted by each replica on its own');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info('Redis is back: attempts are counted by all replicas together');
    away = false;
  });
  await once(redis, 'ready', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }).catch(() => {});
  return redis;
}
