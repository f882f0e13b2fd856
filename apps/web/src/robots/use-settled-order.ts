import { computed, shallowRef, watch } from 'vue';
import type { Robot } from '../api/types';

/** The longest that an order holds under a resting pointer or focus, and after a touch. */
const HOLD_MS = 15_000;

/**
 * Robots in an order that does not change under the hand: while the list is `inUse` or was `touchedAt` a time, in ms since
 * 1970, that is not long ago, figures change in place, and who comes anew comes last. What is `asked` for otherwise is
 * answered at once.
 */
export function useSettledOrder(
  arranged: () => Robot[],
  all: () => Robot[],
  { asked, inUse, touchedAt }: { asked: () => string; inUse: () => boolean; touchedAt: () => number },
) {
  const order = shallowRef<number[]>([]);
  let settledAt = 0;
  watch(
    [arranged, asked, inUse],
    ([now, asks, isHeld], [, askedBefore]) => {
      const ids = now.map(({ id }) => id);
      const heldUntil = HOLD_MS + Math.max(isHeld ? settledAt : 0, touchedAt());
      if (asks !== askedBefore || Date.now() >= heldUntil) {
        order.value = ids;
        settledAt = Date.now();
      } else {
        const held = new Set(order.value);
        order.value = [...order.value, ...ids.filter((id) => !held.has(id))];
      }
    },
    { immediate: true },
  );
  return computed(() => {
    const robots = new Map(all().map((robot) => [robot.id, robot]));
    return order.value.flatMap((id) => robots.get(id) ?? []);
  });
}
