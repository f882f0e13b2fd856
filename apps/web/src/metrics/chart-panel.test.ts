import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import { ref } from 'vue';
import ChartPanel from './ChartPanel.vue';
import type { Chart } from './charts';

const chart: Chart = {
  ...{ id: 'mem', title: 'mem', unit: 'percent' as const },
  lines: [{ label: 'used', points: [0, 10, 20, 30].map((second) => [second * 1000, 40 + second]) }],
};
function open(viewTo: number, label = 'used') {
  const view = ref({ from: 0, to: viewTo });
  const range = ref<object>({ preset: '15m' });
  const live = ref(true);
  const control = { view, every: ref(5), live, range };
  const plot = { name: 'TimeSeriesPlot', template: '<i />', emits: ['cursor', 'step', 'pick'] };
  const named = { ...chart, lines: chart.lines.map((line) => ({ ...line, label })) };
  const props = { chart: named, control: control as never, robot: 'r' };
  const panel = mount(ChartPanel, { props, global: { stubs: { TimeSeriesPlot: plot } } });
  return { panel, view, live, range, legend: () => panel.find('li').text(), plot: panel.findComponent(plot) };
}

it('shows no current value if the newest one is stale', async () => {
  const { view, legend } = open(60_000);
  expect(legend()).toBe('used70 %');
  view.value = { from: 0, to: 600_000 };
  await Promise.resolve();
  await Promise.resolve();
  expect(legend()).toBe('used–');
});

it('shows the last value of a range that is not live', async () => {
  const { panel, live, legend } = open(600_000);
  expect(legend()).toBe('used–');
  live.value = false;
  await panel.vm.$nextTick();
  expect(legend()).toBe('used70 %');
});

it('announces values for the arrow keys, but not for the pointer', async () => {
  const { panel, plot, legend } = open(60_000);
  const spoken = () => panel.find('[role=status]').text();
  await plot.vm.$emit('cursor', 1);
  expect([legend(), spoken()]).toEqual(['used50 %', '']);
  await plot.vm.$emit('step');
  expect(spoken()).toMatch(/\d+:\d+:10: used 50 %$/);
});

it('shows values of the current range, not of the cursor in the previous one', async () => {
  const { panel, plot, range, legend } = open(60_000);
  await plot.vm.$emit('cursor', 3);
  await panel.setProps({ chart: { ...chart, lines: [{ label: 'used', points: [[50_000, 60]] }] } });
  expect([legend(), panel.text()]).toEqual(['used60 %', expect.not.stringContaining('Jan')]);
  await panel.setProps({ chart });
  await plot.vm.$emit('cursor', 0);
  range.value = { from: 10_000, to: 40_000 };
  await panel.vm.$nextTick();
  expect(legend()).toBe('used70 %');
});

it.each([
  ['signal_dbm wlan0', 'signal wlan0'],
  ['io_time', 'busy'],
  ['used left', 'used left'],
  ['force_n left', 'force_n left'],
])('calls the line %s by its name: %s', (label, name) => {
  expect(open(60_000, label).legend()).toBe(`${name}70 %`);
});
