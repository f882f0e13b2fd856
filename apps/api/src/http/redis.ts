import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** How long a request waits for Redis before it falls back to counting in memory. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A connection that reconnects by itself; meanwhile commands fail at once. Logs once per outage.
 * Resolves when connected, or after a timeout.
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
    if (!away) log.warn({ err }, 'Redis cannot be reached: each replica counts attempts on its own');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info('Redis is back: all replicas count attempts together');
    away = false;
  });
  await once(redis, 'ready', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }).catch(() => {});
  return redis;
}
