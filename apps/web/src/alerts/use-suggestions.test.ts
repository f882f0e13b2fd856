import { expect, it } from 'vitest';
import type { Suggestion } from '../api/types';
import { unusedOf } from './use-suggestions';

const threshold = { kind: 'threshold', measurement: 'mem', field: 'used_percent', fn: 'mean', window_s: 120 } as const;
const terms = { severity: 'warning', for_s: 0, resolve_for_s: 60 } as const;
const suggestions: Suggestion[] = [
  { key: 'offline', ...terms, condition: { kind: 'offline', after_s: 300 } },
  { key: 'memory_high', ...terms, condition: { ...threshold, op: '>=', value: 95 } },
  { key: 'disk_full_soon', ...terms, condition: { kind: 'disk_full_in', days: 3 } },
];
const keys = (rules: Parameters<typeof unusedOf>[1]) => unusedOf(suggestions, rules).map(({ key }) => key);

it('offers what no rule watches for yet', () => {
  expect(keys([])).toEqual(['offline', 'memory_high', 'disk_full_soon']);
  expect(keys([{ condition: { after_s: 300, kind: 'offline' } }])).toEqual(['memory_high', 'disk_full_soon']);
  expect(keys(suggestions)).toEqual([]);
});

it('knows a condition whatever the order of its parts, and still offers one with another limit', () => {
  expect(keys([{ condition: { value: 95, op: '>=', ...threshold } }])).toEqual(['offline', 'disk_full_soon']);
  expect(keys([{ condition: { value: 90, op: '>=', ...threshold } }])).toContain('memory_high');
});
