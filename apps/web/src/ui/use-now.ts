import { createSharedComposable, useNow as useTicking } from '@vueuse/core';
import { computed } from 'vue';

/** The time in ms since 1970, updated once a second by one timer for the whole page. */
export const useNow = createSharedComposable(() => {
  const now = useTicking({ interval: 1000 });
  return computed(() => now.value.getTime());
});
