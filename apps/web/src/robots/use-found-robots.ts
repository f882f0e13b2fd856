import { keepPreviousData, useQuery } from '@tanstack/vue-query';
import { refDebounced } from '@vueuse/core';
import { computed } from 'vue';
import { findRobots, robotKeys } from './queries';

const LIMIT = 20;
const TYPING_MS = 250;

/** The first robots that `q` is part of the name, hostname or address of: those that are silent first. */
export function useFoundRobots(q: () => string) {
  const settled = refDebounced(computed(q), TYPING_MS);
  const query = useQuery({
    queryKey: robotKeys.found(() => settled.value),
    queryFn: () => findRobots(settled.value, LIMIT),
    placeholderData: keepPreviousData,
  });
  const robots = computed(() =>
    [...(query.data.value?.robots ?? [])].sort((a, b) => Number(a.online) - Number(b.online)),
  );
  return { ...query, robots, hasMore: computed(() => query.data.value?.hasMore ?? false) };
}
