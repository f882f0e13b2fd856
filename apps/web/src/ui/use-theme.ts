import { createGlobalState, useColorMode } from '@vueuse/core';
import { computed } from 'vue';

/** Light, dark or the system's theme, stored in this browser and shared by its tabs. */
export const useTheme = createGlobalState(() => {
  // `disableTransition` would add a style element, which the content security policy forbids.
  const { store, state } = useColorMode({ emitAuto: true, disableTransition: false });
  return { theme: store, isDark: computed(() => state.value === 'dark') };
});
