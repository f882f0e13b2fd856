import { expect, it } from 'vitest';
import { isActive, isWithin } from './silenced.ts';

const at = (text: string) => Date.parse(text);

it('a weekly window is of the local day and time', () => {
  const moscow = { days: ['mon' as const], from: '02:00', to: '04:00', time_zone: 'Europe/Moscow' };
  // Monday, 02:00 in Moscow is Sunday, 23:00 in UTC.
  expect(isWithin(moscow, at('2026-01-04T22:59:00Z'))).toBe(false);
  expect(isWithin(moscow, at('2026-01-04T23:00:00Z'))).toBe(true);
  expect(isWithin(moscow, at('2026-01-05T00:59:59Z'))).toBe(true);
  expect(isWithin(moscow, at('2026-01-05T01:00:00Z'))).toBe(false);
  expect(isWithin(moscow, at('2026-01-05T23:30:00Z'))).toBe(false);
});

it('one over midnight belongs to the day on which it begins', () => {
  const night = { days: ['sat' as const], from: '22:00', to: '06:00', time_zone: 'UTC' };
  expect(isWithin(night, at('2026-01-03T22:00:00Z'))).toBe(true);
  expect(isWithin(night, at('2026-01-04T05:59:00Z'))).toBe(true);
  expect(isWithin(night, at('2026-01-03T05:00:00Z'))).toBe(false);
  expect(isWithin(night, at('2026-01-04T22:00:00Z'))).toBe(false);
});

it('keeps local time over the change of clocks', () => {
  const morning = { days: ['mon' as const], from: '08:00', to: '09:00', time_zone: 'Europe/Berlin' };
  expect(isWithin(morning, at('2026-03-23T07:30:00Z'))).toBe(true);
  expect(isWithin(morning, at('2026-03-30T06:30:00Z'))).toBe(true);
  expect(isWithin(morning, at('2026-03-30T07:30:00Z'))).toBe(false);
});

it('ends for good at its end', () => {
  const weekly = { days: ['mon' as const], from: '00:00', to: '00:00', time_zone: 'UTC' };
  const now = at('2026-01-05T12:00:00Z');
  expect(isActive({ until: null, weekly }, now)).toBe(true);
  expect(isActive({ until: new Date(now), weekly }, now)).toBe(false);
  expect(isActive({ until: new Date(now + 1), weekly: null }, now)).toBe(true);
});
