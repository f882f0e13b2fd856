import type { Logger } from 'pino';
import { FIGURE_NAMES, selectorsOf } from '../figures/figures.ts';
import { type Latest, latestOf } from '../figures/fleet-figures.ts';
import { inTime } from '../scheduling/in-time.ts';
import type { MetricsStore } from '../stores/metrics-store.ts';

const TIMEOUT_MS = 2_000;
const HOUR_MS = 3_600_000;
const SELECTORS = selectorsOf(FIGURE_NAMES);

/**
 * The newest figures of robots, of the last hour, as far as they can be had at once: a fleet is shown without them rather than
 * not at all.
 * The log is told once an outage.
 */
export function latestFigures(
  store: MetricsStore,
  log: Logger,
): (robotIds: number[], wanted: AbortSignal) => Promise<Map<number, Latest>> {
  let away = false;
  return async (robotIds, wanted) => {
    const signal = AbortSignal.any([wanted, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const tooLate = () => new Error(`no answer within ${TIMEOUT_MS} ms`);
      const asked = { robotIds, selectors: SELECTORS, since: Date.now() - HOUR_MS };
      const newest = await inTime(store.newest(asked, signal), TIMEOUT_MS, tooLate);
      away = false;
      return latestOf(newest);
    } catch (err) {
      if (!away && !wanted.aborted)
        log.warn({ err }, 'the newest figures cannot be read: robots are shown without them');
      away = true;
      return new Map();
    }
  };
}
