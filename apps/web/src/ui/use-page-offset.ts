import { useResizeObserver } from '@vueuse/core';
import { onMounted, onUpdated, readonly, ref, type ShallowRef } from 'vue';

/**
 * How far below the top of the page an element begins, in px, wherever the page is scrolled to: both figures it is made of
 * are read at one moment.
 */
export function usePageOffset(element: Readonly<ShallowRef<HTMLElement | null>>) {
  const offset = ref(0);
  function measure() {
    if (element.value) offset.value = element.value.getBoundingClientRect().top + window.scrollY;
  }
  onMounted(measure);
  onUpdated(measure);
  // What stands above grows and shrinks without a change to this component; the page does so with it.
  useResizeObserver([element, document.body], measure);
  return readonly(offset);
}
