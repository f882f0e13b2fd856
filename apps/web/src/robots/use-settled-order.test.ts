import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick, ref } from 'vue';
import type { Robot } from '../api/types';
import { useSettledOrder } from './use-settled-order';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const robot = (id: number, cpu: number) => ({ id, latest: { cpu_percent: cpu } }) as Robot;
const cpuOf = ({ latest }: Robot) => latest.cpu_percent as number;

function setUp() {
  const robots = ref([robot(1, 30), robot(2, 20), robot(3, 10)]);
  const [asked, inUse] = [ref('cpu'), ref(true)];
  const byCpu = () => [...robots.value].sort((a, b) => cpuOf(b) - cpuOf(a));
  const touched = { at: 0 };
  const shown = useSettledOrder(byCpu, () => robots.value, {
    asked: () => asked.value,
    inUse: () => inUse.value,
    touchedAt: () => touched.at,
  });
  return { robots, asked, inUse, touched, ids: () => shown.value.map(({ id }) => id), shown };
}

it('keeps the order while the list is in use, with current figures, and sorts afterwards', async () => {
  const { robots, inUse, ids, shown } = setUp();
  robots.value = [robot(1, 1), robot(3, 99), robot(4, 50)];
  await nextTick();
  expect(ids()).toEqual([1, 3, 4]);
  expect(shown.value.map(cpuOf)).toEqual([1, 99, 50]);
  inUse.value = false;
  await nextTick();
  expect(ids()).toEqual([3, 4, 1]);
});

it('sorts at once when another order is chosen, and after 15 seconds anyway', async () => {
  const { robots, asked, ids } = setUp();
  robots.value = [robot(1, 1), robot(2, 20), robot(3, 10)];
  await nextTick();
  expect(ids()).toEqual([1, 2, 3]);
  asked.value = 'the same, anew';
  await nextTick();
  expect(ids()).toEqual([2, 3, 1]);
  vi.advanceTimersByTime(15_000);
  robots.value = [robot(1, 90), robot(2, 20), robot(3, 10)];
  await nextTick();
  expect(ids()).toEqual([1, 2, 3]);
});

it('keeps the order for 15 seconds after each touch, whenever it was last sorted', async () => {
  const { robots, inUse, touched, ids } = setUp();
  inUse.value = false;
  await nextTick();
  vi.advanceTimersByTime(14_000);
  touched.at = Date.now();
  vi.advanceTimersByTime(14_000);
  robots.value = [robot(1, 1), robot(2, 20), robot(3, 10)];
  await nextTick();
  expect(ids()).toEqual([1, 2, 3]);
  vi.advanceTimersByTime(1_000);
  robots.value = [...robots.value];
  await nextTick();
  expect(ids()).toEqual([2, 3, 1]);
});
