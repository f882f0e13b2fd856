import { useResizeObserver } from '@vueuse/core';
import { onMounted, onUpdated, readonly, ref, type ShallowRef } from 'vue';

/**
 * Distance in px from the top of the page to an element, whatever the scroll position: both parts of it are read at the
 * same time.
 */
export function usePageOffset(element: Readonly<ShallowRef<HTMLElement | null>>) {
  const offset = ref(0);
  function measure() {
    if (element.value) offset.value = element.value.getBoundingClientRect().top + window.scrollY;
  }
  onMounted(measure);
  onUpdated(measure);
  // Content above can change height without updating this component, but then the page's height changes too.
  useResizeObserver([element, document.body], measure);
  return readonly(offset);
}
