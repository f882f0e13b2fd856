import { flushPromises, mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import type { Measurement } from '../api/types';
import ConditionFields from './ConditionFields.vue';
import { conditionOf, freshDraft, type RuleDraft } from './rule-draft';

const field = (name: string, type: string) => ({ field: name, type });
const measurements: Measurement[] = [
  { measurement: 'soc', fields: [field('throttled', 'boolean'), field('volt', 'float'), field('both', 'boolean')] },
];
measurements[0]?.fields.push(field('both', 'string'));

function open(some: Partial<RuleDraft>) {
  let draft: RuleDraft = { ...freshDraft(), what: 'field', measurement: 'soc', field: 'throttled', ...some };
  const page = mount(ConditionFields, {
    props: {
      ...{ modelValue: draft, faults: {}, measurements },
      'onUpdate:modelValue': async (next: RuleDraft) => {
        draft = next;
        // During setup, the page is not there yet.
        await Promise.resolve();
        await page.setProps({ modelValue: next });
      },
    },
  });
  return { page, condition: () => conditionOf(draft) };
}

it.each([
  ['yes', true],
  ['Да', true],
  ['TRUE', true],
  ['"yes"', true],
  ['no', false],
  ['нет', false],
  ['false', false],
] as const)('%s of a boolean field is %s', async (value, meant) => {
  for (const op of ['==', '!='] as const) {
    const { condition } = open({ op, value });
    await flushPromises();
    expect(condition()).toMatchObject({ field: 'throttled', op, value: meant });
  }
});

it('lets a boolean field be compared with yes and no only', async () => {
  const { page, condition } = open({ op: '>=', value: '', fn: 'mean' });
  await flushPromises();
  const options = (label: string) =>
    page.findAll(`select[aria-label="${label}"] option`).map((option) => option.text());
  expect([options('Is'), options('Value')]).toEqual([
    ['equal to', 'other than', 'has changed'],
    ['yes', 'no'],
  ]);
  expect(condition()).toMatchObject({ op: '==', value: true, fn: 'last' });
  await page.find('select[aria-label="Value"]').setValue('false');
  expect(condition()).toMatchObject({ op: '==', value: false });
});

it('counts booleans as anything else', () => {
  const { condition } = open({ op: '>=', value: '3', fn: 'count' });
  expect(condition()).toMatchObject({ op: '>=', value: 3, fn: 'count' });
});

it.each(['volt', 'both', 'unheard'])('leaves what is typed for %s as it is', async (name) => {
  const { page, condition } = open({ field: name, op: '==', value: 'yes' });
  await flushPromises();
  expect(page.find('select[aria-label="Value"]').exists()).toBe(false);
  expect(condition()).toMatchObject({ op: '==', value: 'yes' });
});
