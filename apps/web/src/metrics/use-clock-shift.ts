import { computed, shallowRef, watchEffect } from 'vue';
import { isClockOff } from '../robots/clock';

/** Network delay makes the skew vary a little between reports, which must not reload what is shown. */
const STEADY_MS = 10_000;

/** How far a robot's clock is ahead of the server's, in ms, for its charts and logs; 0 if the clock is right. */
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
