import { mount } from '@vue/test-utils';
import { afterEach, expect, it } from 'vitest';
import { h } from 'vue';
import { i18n } from '../app/i18n';
import { ru } from '../locales/ru';
import { useDetails } from './use-details';

const read = (details: Record<string, unknown>) =>
  mount({
    setup: () => {
      const describe = useDetails((id) => (id === 5 ? 'grace@lab.example' : undefined));
      return () => h('p', describe(details));
    },
  }).text();
afterEach(() => {
  i18n.global.locale.value = 'en';
});

it('puts changes into words, and shows unknown ones as they are', () => {
  expect(read({ role: 'admin', is_active: false })).toBe('role: administrator, account: deactivated');
  expect(read({ owner_id: 5, status: 'inactive' })).toBe('owner: grace@lab.example, data: refused');
  expect(read({ owner_id: 6, by: 'setup link' })).toBe('owner: #6, by: the setup link');
  expect(read({ later: { a: 1 } })).toBe('later: {"a":1}');
});

it('does so in Russian as well', () => {
  i18n.global.setLocaleMessage('ru', ru);
  i18n.global.locale.value = 'ru';
  expect(read({ role: 'user', owner_id: 5 })).toBe('роль: пользователь, владелец: grace@lab.example');
});
