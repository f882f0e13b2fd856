import { describe, expect, it } from 'vitest';
import type { Condition, RuleBody } from '../api/types';
import { figureValue } from './figure-conditions';
import { bodyOf, conditionOf, draftOf, faultsOf, freshDraft, type RuleDraft } from './rule-draft';

const draft = (some: Partial<RuleDraft>): RuleDraft => ({ ...freshDraft(), name: 'x', ...some });
const rule = (condition: Condition): RuleBody => ({ name: 'x', scope: { all: true }, condition });
const cpu: Omit<Extract<Condition, { kind: 'threshold' }>, 'op' | 'value'> = {
  ...{ kind: 'threshold', measurement: 'cpu', field: 'usage_idle', tags: { cpu: 'cpu-total' } },
  ...{ fn: 'mean', window_s: 120 },
};

it('asks for a busy CPU by its idle time, and shows it as busy again', () => {
  const condition = conditionOf(draft({ what: 'cpu_percent', op: '>=', value: '95', clear: '90,5' }));
  expect(condition).toEqual({ ...cpu, op: '<=', value: 5, clear_value: 9.5 });
  expect(draftOf(rule(condition))).toMatchObject({ what: 'cpu_percent', op: '>=', value: '95', clear: '90.5' });
});

it('shows a figure over another window as what it is: a field', () => {
  const condition: Condition = { ...cpu, window_s: 600, op: '<=', value: 5 };
  const shown = draftOf(rule(condition));
  expect(shown).toMatchObject({ what: 'field', measurement: 'cpu', field: 'usage_idle', op: '<=', value: '5' });
  expect(conditionOf(shown)).toEqual(condition);
});

it('counts of idle times are no percentages', () => {
  const condition: Condition = { ...cpu, fn: 'count', op: '<', value: 3 };
  expect(draftOf(rule(condition))).toMatchObject({ what: 'field', op: '<', value: '3' });
  expect(figureValue(condition, 3)).toBe(3);
});

describe('every condition comes back as it was', () => {
  const window = { fn: 'last', window_s: 300 } as const;
  const field = { kind: 'threshold', measurement: 'battery', field: 'state', ...window } as const;
  it.each<Condition>([
    { kind: 'offline', after_s: 90 },
    { kind: 'no_data', measurement: 'lidar', after_s: 600 },
    { kind: 'disk_full_in', days: 2.5 },
    { kind: 'clock_skew', above_s: 30 },
    { kind: 'status', status: 'error' },
    { kind: 'token_copied' },
    { kind: 'log', level: 'err,crit', program: 'nav', q: 'lost, again', count: 3, window_s: 60 },
    { kind: 'log', count: 1, window_s: 60 },
    { ...field, field: 'volt', tags: { cell: '1', side: 'left' }, op: '<', value: 11.1, clear_value: 11.4 },
    { ...field, op: '==', value: 'docked' },
    { ...field, op: '!=', value: '' },
    { ...field, op: '==', value: '12' },
    { ...field, op: '==', value: 'true' },
    { ...field, op: '==', value: '"' },
    { ...field, op: '==', value: '"quoted"' },
    { ...field, op: '==', value: ' kept ' },
    { ...field, op: '==', value: false },
    { ...field, op: '==', value: 12 },
    { ...field, op: 'changed' },
  ])('%o', (condition) => {
    const shown = draftOf(rule(condition));
    expect(conditionOf(shown)).toEqual(condition);
    expect(faultsOf(shown)).toEqual({});
  });
});

it.each<[Partial<RuleDraft>, object]>([
  [{ name: ' ' }, { name: 'missing' }],
  [{ what: 'cpu_percent', value: 'many' }, { value: 'number' }],
  [{ what: 'cpu_percent', value: '' }, { value: 'number' }],
  [{ what: 'cpu_percent', value: '9', clear: 'x' }, { clear: 'number' }],
  [{ what: 'no_data' }, { measurement: 'missing' }],
  [{ what: 'field' }, { measurement: 'missing', field: 'missing', value: 'missing' }],
  [{ what: 'field', measurement: 'a', field: 'b', op: '<', value: 'low' }, { value: 'number' }],
  [{ what: 'field', measurement: 'a', field: 'b', op: '==', value: 'low', tags: 'path' }, { tags: 'tags' }],
  [{ scope: 'labels' }, { labels: 'missing' }],
  [{ scope: 'robots' }, { robots: 'missing' }],
])('finds what is wrong with %o', (some, faults) => {
  expect(faultsOf(draft(some))).toEqual(faults);
});

it('asks for robots by all of the labels, and for no reminder', () => {
  const { scope, remind_after_s } = bodyOf(draft({ scope: 'labels', labels: ['site:lab', 'url:http://x'] }));
  expect(scope).toEqual({ labels: { site: 'lab', url: 'http://x' } });
  expect(remind_after_s).toBeNull();
});
