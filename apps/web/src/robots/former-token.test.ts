import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { Robot } from '../api/types';
import FormerTokenAlert from './FormerTokenAlert.vue';

const MINUTE = 60_000;
const before = (minutes: number | null) =>
  minutes === null ? null : new Date(Date.now() - minutes * MINUTE).toISOString();
const told = (refused: number | null, seen: number | null, replaced: Robot['replaced'] = null) =>
  mount(FormerTokenAlert, {
    props: { robot: { former_token_refused_at: before(refused), last_seen_at: before(seen), replaced } },
  }).text();

it('says that the old token is still being used, how recently, and what to do', () => {
  expect(told(5, 10)).toMatch(/old token is still being used, last 5\smin.* ago.*ROBOWATCH_TOKEN=/s);
  expect(told(600, null)).toContain('10');
});

it('says so even while the new token is also in use', () => expect(told(1, 0)).toContain('still being used'));

it('shows nothing if it was not used, or only the new one has been for minutes', () => {
  expect(told(null, 1)).toBe('');
  expect(told(10, 1)).toBe('');
});

it('speaks of the device, not of a token, if the hardware was replaced', () => {
  const text = told(1, 0, { at: '', hostname: 'orange', undo_until: '' });
  expect(text).toContain('device that was replaced still reports');
  expect(text).not.toContain('ROBOWATCH_TOKEN');
});
