import type { Logger } from 'pino';
import { inTime } from '../scheduling/in-time.ts';
import type { MetricsStore } from '../stores/metrics-store.ts';
import type { Latest } from './schemas.ts';

const TIMEOUT_MS = 2_000;

/**
 * The newest figures of robots as far as they can be had at once: a fleet is shown without them rather than not at all.
 * The log is told once an outage.
 */
export function knownFigures(
  store: MetricsStore,
  log: Logger,
): (robotIds: number[], wanted: AbortSignal) => Promise<Map<number, Latest>> {
  let away = false;
  return async (robotIds, wanted) => {
    const signal = AbortSignal.any([wanted, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const tooLate = () => new Error(`no answer within ${TIMEOUT_MS} ms`);
      const latest = await inTime(store.latest(robotIds, signal), TIMEOUT_MS, tooLate);
      away = false;
      return latest;
    } catch (err) {
      if (!away && !wanted.aborted)
        log.warn({ err }, 'the newest figures cannot be read: robots are shown without them');
      away = true;
      return new Map();
    }
  };
}
