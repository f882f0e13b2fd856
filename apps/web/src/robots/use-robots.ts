import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { useIntervalFn, useThrottleFn } from '@vueuse/core';
import { computed } from 'vue';
import { useLiveEvents } from '../api/live-events';
import type { Robot } from '../api/types';
import { newsInTurn, withNews } from './fleet-news';
import { fetchRobots, fetchRobotsById, MAX_IDS, robotKeys } from './queries';

const POLL_MS = 10_000;
/** With live events, an occasional full refetch is enough: figures become stale without an event. */
const LIVE_POLL_MS = 60_000;
const WHOLE_CHECK_MS = 5_000;
const NEWS_MS = 3_000;
/** The full list is expensive for the server, so large fleets are refetched less often. */
const WHOLE_MS_PER_ROBOT = 10;

/** Every robot the person may see, kept up to date. Robots named in events are refetched, those `inView` first. */
export function useRobots({ inView = () => [] }: { inView?: () => number[] } = {}) {
  const queries = useQueryClient();
  const { live, onEvent, onBack } = useLiveEvents();
  const query = useQuery({
    queryKey: robotKeys.all,
    queryFn: fetchRobots,
    refetchInterval: () => (live.value ? false : POLL_MS),
  });
  const robots = computed(() => query.data.value ?? []);
  const changed = new Set<number>();
  let wholeAt = Date.now();

  async function readAll(): Promise<void> {
    changed.clear();
    wholeAt = Date.now();
    await queries.invalidateQueries({ queryKey: robotKeys.all });
  }
  const wholeIsDue = () => Date.now() - wholeAt >= Math.max(LIVE_POLL_MS, robots.value.length * WHOLE_MS_PER_ROBOT);
  /** Robots that report during the request are read the next time. */
  async function readNews(): Promise<void> {
    const ids = newsInTurn(changed, inView(), MAX_IDS);
    if (ids.length === 0 || !query.data.value) return;
    for (const id of ids) changed.delete(id);
    try {
      const news = await fetchRobotsById(ids);
      queries.setQueryData<Robot[]>(robotKeys.all, (before) => before && withNews(before, ids, news));
    } catch {
      for (const id of ids) changed.add(id);
    }
    if (changed.size > 0) void catchUp();
  }
  const catchUp = useThrottleFn(readNews, NEWS_MS, true, true);
  onEvent(({ robotIds }) => {
    for (const id of robotIds) changed.add(id);
    void catchUp();
  });
  onBack(() => void readAll());
  useIntervalFn(() => live.value && wholeIsDue() && void readAll(), WHOLE_CHECK_MS);
  return { ...query, robots, live };
}
