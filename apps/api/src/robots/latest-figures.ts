import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { upTo } from '../caches/up-to.ts';
import { FIGURE_NAMES, type Latest, latestOf, selectorsOf } from '../figures/index.ts';
import { inTime } from '../scheduling/in-time.ts';
import type { MetricsStore } from '../stores/index.ts';

const TIMEOUT_MS = 2_000;
const HOUR_MS = 3_600_000;
/** As long as figures are shown that could not be read again, and of how many robots. */
const KNOWN_MS = 120_000;
const MAX_KNOWN = 20_000;
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
 * Reads robots' newest figures of the last hour. On error or timeout it returns those of some moments ago, then none: a
 * fleet is better shown without figures than not at all. Logs once per outage.
 */
export function latestFigures(
  store: MetricsStore,
  log: Logger,
): (robots: RobotClock[], wanted: AbortSignal) => Promise<Map<number, Latest>> {
  let away = false;
  const known = new LRUCache<number, Latest>({ ...upTo(MAX_KNOWN), ttl: KNOWN_MS });
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
      for (const { id } of robots) known.set(id, latest.get(id));
      return latest;
    } catch (err) {
      if (!away && !wanted.aborted)
        log.warn({ err }, 'cannot read the newest figures; robots are shown with former ones, or without');
      away = true;
      const former = new Map<number, Latest>();
      for (const { id } of robots) {
        const figures = known.get(id);
        if (figures) former.set(id, figures);
      }
      return former;
    }
  };
}
