import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { useThrottleFn } from '@vueuse/core';
import { useLiveEvents } from '../api/live-events';
import { fetchRobot, robotKeys } from './queries';

const POLL_MS = 10_000;
const LIVE_POLL_MS = 30_000;

/** One robot, kept up to date. */
export function useRobot(id: () => number) {
  const queries = useQueryClient();
  const { live, onEvent } = useLiveEvents();
  const query = useQuery({
    queryKey: robotKeys.one(id),
    queryFn: () => fetchRobot(id()),
    refetchInterval: () => (live.value ? LIVE_POLL_MS : POLL_MS),
  });
  // Exact: the charts, whose keys start with this one, refetch at their own interval.
  const ownKey = () => ({ queryKey: robotKeys.one(id()), exact: true });
  const refetch = useThrottleFn(() => queries.invalidateQueries(ownKey()), 1000, true, true);
  onEvent(({ robotIds }) => {
    if (robotIds.includes(id())) void refetch();
  });
  return query;
}
