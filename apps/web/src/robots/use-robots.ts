import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { useThrottleFn } from '@vueuse/core';
import { computed } from 'vue';
import { api, dataOf } from '../api/client';
import { ROBOTS_PAGE } from '../api/early-replies';
import { useLiveEvents } from '../api/live-events';
import type { Robot } from '../api/types';

const POLL_MS = 10_000;
/** With live events a look now and then is enough: figures age without an event too. */
const LIVE_POLL_MS = 60_000;
const MIN_REFETCH_MS = 1_500;
const REFETCH_MS_PER_ROBOT = 10;

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

/** Every robot the person may see, kept up to date; large fleets are read again less often. */
export function useRobots() {
  const queries = useQueryClient();
  const { live, onEvent, onBack } = useLiveEvents();
  const query = useQuery({
    queryKey: ['robots'],
    queryFn: fetchRobots,
    refetchInterval: () => (live.value ? LIVE_POLL_MS : POLL_MS),
  });
  const robots = computed(() => query.data.value ?? []);
  const pause = () => Math.max(MIN_REFETCH_MS, robots.value.length * REFETCH_MS_PER_ROBOT);
  const refetch = useThrottleFn(() => queries.invalidateQueries({ queryKey: ['robots'] }), pause, true, true);
  onEvent(() => void refetch());
  onBack(() => void refetch());
  return { ...query, robots, live };
}
