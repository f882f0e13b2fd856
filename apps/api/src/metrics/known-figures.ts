import type { Logger } from 'pino';
import type { Latest } from '../robots/schemas.ts';
import type { MetricsStore } from './metrics-store.ts';

const TIMEOUT_MS = 2_000;

/**
 * The newest figures of robots as far as they can be had at once: a fleet is shown without them rather than not at all.
 * The log is told once an outage.
 */
export function knownFigures(store: MetricsStore, log: Logger): (robotIds: number[]) => Promise<Map<number, Latest>> {
  let away = false;
  return async (robotIds) => {
    const tooLate = Promise.withResolvers<never>();
    const timer = setTimeout(() => tooLate.reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    try {
      const latest = await Promise.race([store.latest(robotIds), tooLate.promise]);
      away = false;
      return latest;
    } catch (err) {
      if (!away) log.warn({ err }, 'the newest figures cannot be read: robots are shown without them');
      away = true;
      return new Map();
    } finally {
      clearTimeout(timer);
    }
  };
}
