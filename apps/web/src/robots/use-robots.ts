import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { useIntervalFn, useThrottleFn } from '@vueuse/core';
import { computed } from 'vue';
import { api, dataOf } from '../api/client';
import { ROBOTS_PAGE } from '../api/early-replies';
import { useLiveEvents } from '../api/live-events';
import type { Robot } from '../api/types';
import { newsInTurn, withNews } from './fleet-news';

const KEY = ['robots'];
const POLL_MS = 10_000;
/** With live events a look at everything now and then is enough: figures age without an event too. */
const LIVE_POLL_MS = 60_000;
const WHOLE_CHECK_MS = 5_000;
const NEWS_MS = 3_000;
/** How many robots can be asked for by their ids. */
const AT_ONCE = 200;
/** The whole list costs the server so much that large fleets are read again less often. */
const WHOLE_MS_PER_ROBOT = 10;

async function fetchRobots(): Promise<Robot[]> {
  const robots: Robot[] = [];
  let cursor: string | undefined;
  do {
    const page = await dataOf(api.GET('/api/robots', { params: { query: { limit: ROBOTS_PAGE, cursor } } }));
    robots.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return robots;
}

/** Every robot the person may see, kept up to date: of those that events tell of, what they are now, the ones `inView` first. */
export function useRobots({ inView = () => [] }: { inView?: () => number[] } = {}) {
  const queries = useQueryClient();
  const { live, onEvent, onBack } = useLiveEvents();
  const query = useQuery({
    queryKey: KEY,
    queryFn: fetchRobots,
    refetchInterval: () => (live.value ? false : POLL_MS),
  });
  const robots = computed(() => query.data.value ?? []);
  const changed = new Set<number>();
  let wholeAt = Date.now();

  async function readAll(): Promise<void> {
    changed.clear();
    wholeAt = Date.now();
    await queries.invalidateQueries({ queryKey: KEY });
  }
  const wholeIsDue = () => Date.now() - wholeAt >= Math.max(LIVE_POLL_MS, robots.value.length * WHOLE_MS_PER_ROBOT);
  /** Whoever reports meanwhile has its turn the next time. */
  async function readNews(): Promise<void> {
    const ids = newsInTurn(changed, inView(), AT_ONCE);
    if (ids.length === 0 || !query.data.value) return;
    for (const id of ids) changed.delete(id);
    try {
      const { items } = await dataOf(api.GET('/api/robots', { params: { query: { id: ids, limit: AT_ONCE } } }));
      queries.setQueryData<Robot[]>(KEY, (before) => before && withNews(before, ids, items));
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
