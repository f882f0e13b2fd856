import { mount } from '@vue/test-utils';
import { afterEach, expect, it } from 'vitest';
import { i18n } from '../app/i18n';
import { ru } from '../locales/ru';
import FleetSummary from './FleetSummary.vue';

afterEach(() => {
  i18n.global.locale.value = 'en';
});

function read(count: number): string[] {
  const full = { status: 'active', online: true, latest: { disk_percent: 99, temperature_c: 20 } };
  const off = { status: 'inactive', online: false, latest: { disk_percent: 1, temperature_c: 20 } };
  const robots = Array.from({ length: count }, () => [full, off]).flat();
  const summary = mount(FleetSummary, { props: { firing: new Map(), robots: robots as never, modelValue: '' } });
  return summary.findAll('button').map((button) =>
    button
      .findAll('span')
      .map((span) => span.text())
      .join(' '),
  );
}

it('counts the robots in each condition, in the word order of the language', () => {
  const english = ['23 online', '0 offline', '0 hot', 'disk nearly full: 23', '0 in error', 'data refused: 23'];
  expect(read(23)).toEqual(english);
  i18n.global.setLocaleMessage('ru', ru);
  i18n.global.locale.value = 'ru';
  const rest = ['0 перегрето', 'диск почти полон: 23', '0 с ошибкой', 'приём отключён: 23'];
  expect(read(23)).toEqual(['23 на связи', '0 не на связи', ...rest]);
  expect(read(1)).toContain('диск почти полон: 1');
});
