import { expect, it } from 'vitest';
import { nextTick, ref, shallowRef } from 'vue';
import type { Chart } from './charts';
import { MOST_LINES, useDrawnLines } from './use-drawn-lines';

const chartOf = (...values: number[]): Chart => ({
  ...{ id: 'x', title: 'x', unit: 'none' as const },
  lines: values.map((value, i) => ({ label: `n${i}`, points: [[0, value]] })),
});
const upwards = Array.from({ length: 500 }, (_, i) => i);

it('draws the lines with the largest latest values, and any that is added', async () => {
  const [chart, range] = [shallowRef(chartOf(...upwards)), ref<object>({ preset: '1h' })];
  const { drawn, others, add } = useDrawnLines(() => chart.value, range);
  const labels = () => drawn.value.lines.map(({ label }) => label);
  const top = upwards.slice(-MOST_LINES).map((i) => `n${i}`);
  expect(labels()).toEqual(top);
  expect(others.value).toHaveLength(500 - MOST_LINES);
  add('n3');
  expect(labels()).toEqual([...top, 'n3']);
  chart.value = chartOf(...upwards.toReversed());
  await nextTick();
  expect(labels(), 'as values come in').toEqual([...top, 'n3']);
  range.value = { preset: '3h' };
  await nextTick();
  chart.value = chartOf(...upwards.toReversed());
  await nextTick();
  expect(labels(), 'in another range').toEqual([...upwards.slice(0, MOST_LINES).map((i) => `n${i}`)]);
});

it('draws all lines if there are few', () => {
  const chart = chartOf(3, 1, 2);
  const { drawn, others } = useDrawnLines(() => chart, ref({}));
  expect([drawn.value, others.value]).toEqual([chart, []]);
});
