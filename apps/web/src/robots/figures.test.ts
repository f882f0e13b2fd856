import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import SparkLine from '../ui/SparkLine.vue';
import ClockMark from './ClockMark.vue';
import FigureCell from './FigureCell.vue';
import RefusedLinesAlert from './RefusedLinesAlert.vue';
import StateMark from './StateMark.vue';

it('leaves a gap where nothing was measured', () => {
  const path = mount(SparkLine, { props: { values: [0, 50, null, 100], min: 0, max: 100 } })
    .find('path')
    .attributes('d');
  expect(path?.match(/M/g)).toHaveLength(2);
  expect(
    mount(SparkLine, { props: { values: [null, null], min: 0, max: 1 } })
      .find('path')
      .attributes('d'),
  ).toBe('');
});

it('colours a figure by its severity, unless it is stale', () => {
  const cell = (props: object) => mount(FigureCell, { props: { figure: 'temperature_c', value: 85, ...props } }).html();
  expect(cell({})).toContain('text-error');
  expect(cell({})).toContain('85 °C');
  expect(cell({ stale: true })).not.toContain('text-error');
  expect(cell({ value: null })).toContain('–');
});

it('says whether a robot is online, or since when it is offline', () => {
  const mark = (robot: object) =>
    mount(StateMark, { props: { robot: { status: 'active', online: false, last_seen_at: null, ...robot } } }).text();
  expect(mark({ online: true })).toBe('Online');
  expect(mark({})).toBe('Offline');
  expect(mark({ last_seen_at: new Date(Date.now() - 120_000).toISOString() })).toMatch(/^Offline\s*2\s?min/);
  expect(mark({ status: 'inactive', online: true })).toBe('Data refused');
});

it('rounds the error of a clock', () => {
  const now = new Date().toISOString();
  const told = (ms: number, corrected = 0) => {
    const clock_corrected = corrected ? { skew_ms: corrected, at: now } : null;
    return mount(ClockMark, { props: { robot: { clock_skew_ms: ms, clock_corrected, last_seen_at: now } } }).attributes(
      'title',
    );
  };
  expect(told(0, -86_400_000 * 3)).toContain('is 3 d behind');
  expect(told(71_999_998)).toContain('is 20 h ahead');
  expect(told(-86_399_000)).toContain('is 1 d behind');
  expect(told(-86_400_000 * 3 - 7_199_000)).toContain('is 3 d 2 h behind');
  expect(told(119_900)).toContain('is 2 min ahead');
});

it('distinguishes some refused lines from all', () => {
  const told = (online: boolean) =>
    mount(RefusedLinesAlert, {
      props: { robot: { status: 'error', online, error_reason: 'line 3: no field' } },
    }).text();
  expect(told(true)).toMatch(/^Some of its recent lines were refused\..*line 3: no field/);
  expect(told(false)).toMatch(/^Its latest data was refused\./);
  const robot = { status: 'active' as const, online: true, error_reason: null };
  expect(mount(RefusedLinesAlert, { props: { robot } }).text()).toBe('');
});
