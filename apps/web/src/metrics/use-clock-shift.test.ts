import { expect, it } from 'vitest';
import { effectScope, ref } from 'vue';
import { useClockShift } from './use-clock-shift';

it('follows a wrong clock, but not network delay', () => {
  const skew = ref<number | null>(null);
  const scope = effectScope();
  const shift = scope.run(() => useClockShift(() => skew.value)) as ReturnType<typeof useClockShift>;
  const shifts = [null, 30_000, -86_400_400, -86_403_000, -86_420_000, 3_600_000, 500].map((ms) => {
    skew.value = ms;
    return shift.value;
  });
  expect(shifts).toEqual([0, 0, -86_400_000, -86_400_000, -86_420_000, 3_600_000, 0]);
  scope.stop();
});
