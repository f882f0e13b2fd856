import { createGlobalState, useColorMode } from '@vueuse/core';
import { computed } from 'vue';

/** Light, dark or as the system; kept in this browser and shared by its tabs. */
export const useTheme = createGlobalState(() => {
  // `disableTransition` would put a style element into the page, against the content security policy.
  const { store, state } = useColorMode({ emitAuto: true, disableTransition: false });
  return { theme: store, isDark: computed(() => state.value === 'dark') };
});
