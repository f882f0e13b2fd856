import type { Logger } from 'pino';
import { FIGURE_NAMES, type Latest, latestOf, selectorsOf } from '../figures/index.ts';
import { inTime } from '../scheduling/in-time.ts';
import type { MetricsStore } from '../stores/index.ts';

const TIMEOUT_MS = 2_000;
const HOUR_MS = 3_600_000;
const SELECTORS = selectorsOf(FIGURE_NAMES);

interface RobotClock {
  id: number;
  /** Milliseconds by which it is ahead of the server's clock. */
  clock_skew_ms: number | null;
}

/** Robots with slow clocks are queried separately, because they widen the time range of the query. */
function groupsByClock(robots: RobotClock[]): { robotIds: number[]; slowMs: number }[] {
  const slowMs = ({ clock_skew_ms }: RobotClock) => Math.max(0, -(clock_skew_ms ?? 0));
  const [slow, usual] = [robots.filter((robot) => slowMs(robot) > 0), robots.filter((robot) => slowMs(robot) === 0)];
  return [usual, slow].flatMap((some) =>
    some.length > 0 ? [{ robotIds: some.map(({ id }) => id), slowMs: Math.max(...some.map(slowMs)) }] : [],
  );
}

/**
 * Reads robots' newest figures of the last hour. On error or timeout it returns none: a fleet is better shown without
 * figures than not at all. Logs once per outage.
 */
export function latestFigures(
  store: MetricsStore,
  log: Logger,
): (robots: RobotClock[], wanted: AbortSignal) => Promise<Map<number, Latest>> {
  let away = false;
  const read = async (robots: RobotClock[], signal: AbortSignal) => {
    const news = groupsByClock(robots).map(({ robotIds, slowMs }) =>
      store.newest({ robotIds, selectors: SELECTORS, since: Date.now() - HOUR_MS - slowMs }, signal),
    );
    return latestOf((await Promise.all(news)).flat());
  };
  return async (robots, wanted) => {
    const signal = AbortSignal.any([wanted, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const tooLate = () => new Error(`no answer within ${TIMEOUT_MS} ms`);
      const latest = await inTime(read(robots, signal), TIMEOUT_MS, tooLate);
      away = false;
      return latest;
    } catch (err) {
      if (!away && !wanted.aborted) log.warn({ err }, 'cannot read the newest figures; robots are shown without them');
      away = true;
      return new Map();
    }
  };
}
