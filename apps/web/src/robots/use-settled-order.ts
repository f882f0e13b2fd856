import { computed, shallowRef, watch } from 'vue';
import type { Robot } from '../api/types';

/** How long the order is kept at most while hovered or focused, and after a touch. */
const HOLD_MS = 15_000;

/**
 * Keeps the order of robots while the list is `inUse` or was recently `touchedAt` (ms since 1970), so that rows do not move
 * under the pointer: figures change in place, new robots come last. A change of `asked` sorts at once.
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
