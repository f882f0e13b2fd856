import { useEventListener } from '@vueuse/core';
import type { Ref } from 'vue';

/**
 * When a list was last touched or scrolled, in ms since 1970; 0 at the top of the page, where nobody can lose their place.
 * Unlike a pointer, a finger does not rest on what is being read.
 */
export function useLastTouch(list: Readonly<Ref<HTMLElement | null>>): () => number {
  let touchedAt = 0;
  const note = () => {
    touchedAt = Date.now();
  };
  useEventListener(list, ['touchstart', 'touchmove'], note, { passive: true });
  useEventListener(window, 'scroll', note, { passive: true });
  return () => (window.scrollY > 0 ? touchedAt : 0);
}
