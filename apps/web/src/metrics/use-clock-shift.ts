import { computed, shallowRef, watchEffect } from 'vue';
import { isClockOff } from '../robots/clock';

/** How a report was under way makes the skew of each a little different; what is shown must not start anew for that. */
const STEADY_MS = 10_000;

/** By how much a robot's time is ahead of the server's, in ms, as its charts and logs are shown: 0 for a clock that is right. */
export function useClockShift(skewMs: () => number | null) {
  const shift = shallowRef(0);
  watchEffect(
    () => {
      const skew = skewMs();
      const next = isClockOff(skew) ? Math.round(skew / 1000) * 1000 : 0;
      if (next === 0 || Math.abs(next - shift.value) > STEADY_MS) shift.value = next;
    },
    { flush: 'sync' },
  );
  return computed(() => shift.value);
}
