import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query';
import { promiseTimeout } from '@vueuse/core';
import { computed } from 'vue';
import { useLiveEvents } from '../api/live-events';
import type { Rule } from '../api/types';
import { useSession } from '../auth/session';
import { type AlertFilter, alertKeys, fetchAlerts, fetchFiring, fetchRules } from './queries';

const POLL_MS = 15_000;
/** With live events, an occasional refetch is enough. */
const LIVE_POLL_MS = 60_000;
const NEWS_MS = 2_000;
/** How much longer the pause is than the reading was: a whole fleet that goes offline is a long list. */
const REST = 4;

/** Refetches what shows alerts whenever one of them has changed. */
function useNews(): () => number {
  const queries = useQueryClient();
  const { live, onEvent, onBack } = useLiveEvents();
  let isBusy = false;
  let isAsked = false;
  async function readAgain(): Promise<void> {
    isAsked = true;
    if (isBusy) return;
    isBusy = true;
    while (isAsked) {
      isAsked = false;
      const began = Date.now();
      await queries.invalidateQueries({ queryKey: alertKeys.all });
      await promiseTimeout(Math.max(NEWS_MS, REST * (Date.now() - began)));
    }
    isBusy = false;
  }
  onEvent(({ type }) => {
    if (type === 'alert_changed' || type === 'robot_deleted') void readAgain();
  });
  onBack(() => void readAgain());
  return () => (live.value ? LIVE_POLL_MS : POLL_MS);
}

/** Alerts of the filter, newest first, a page at a time; live. */
export function useAlerts(filter: () => AlertFilter) {
  const refetchInterval = useNews();
  const query = useInfiniteQuery({
    queryKey: computed(() => alertKeys.list(filter())),
    queryFn: ({ pageParam }) => fetchAlerts(filter(), pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval,
  });
  return { ...query, alerts: computed(() => query.data.value?.pages.flatMap(({ items }) => items) ?? []) };
}

/** Everything that is firing now, by robot; live. */
export function useFiring() {
  const refetchInterval = useNews();
  const { data } = useQuery({ queryKey: alertKeys.firing, queryFn: fetchFiring, refetchInterval });
  return computed(() => Map.groupBy(data.value ?? [], ({ robot_id }) => robot_id));
}

/** The person's own rules, and for administrators those of others; undefined while they are being read. */
export function useOwnRules() {
  const session = useSession();
  const query = useRules();
  const isOwn = ({ owner_id }: Rule) => owner_id === session.user?.id;
  return {
    ...query,
    own: computed(() => query.data.value?.filter(isOwn)),
    others: computed(() => query.data.value?.filter((rule) => !isOwn(rule)) ?? []),
  };
}

export const useRules = () => useQuery({ queryKey: alertKeys.rules, queryFn: fetchRules });
