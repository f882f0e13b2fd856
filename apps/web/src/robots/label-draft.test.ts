// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { faultsOf, isSame, labelsOf, MAX_KEY, MAX_LABELS, MAX_VALUE } from './label-draft';

it('keeps the limits that the API describes', () => {
  const api = JSON.parse(readFileSync(new URL('../../../api/openapi.json', import.meta.url), 'utf8'));
  const { labels } = api.paths['/api/robots/{id}'].patch.requestBody.content['application/json'].schema.properties;
  expect([labels.maxProperties, labels.additionalProperties.maxLength]).toEqual([MAX_LABELS, MAX_VALUE]);
});

it('says what is wrong with each label', () => {
  const row = (key: string, value = 'x') => ({ key, value });
  const fault = (...rows: { key: string; value: string }[]) => faultsOf(rows).at(-1);
  expect(fault(row('этаж', '2'))).toEqual({});
  expect(fault(row('', ''))).toEqual({});
  expect(fault(row('spare', ''))).toEqual({});
  expect(fault(row(' ', 'lab'))).toEqual({ key: 'missing' });
  expect(fault(row('k'.repeat(MAX_KEY)))).toEqual({});
  expect(fault(row('k'.repeat(MAX_KEY + 1)))).toEqual({ key: 'tooLong' });
  expect(fault(row('a:b'))).toEqual({ key: 'characters' });
  expect(fault(row('site'), row(' site '))).toEqual({ key: 'duplicate' });
  expect(fault(row('site'), row('Site'))).toEqual({});
  expect(fault(row('k', '🙂'.repeat(MAX_VALUE)))).toEqual({});
  expect(fault(row('k', 'x'.repeat(MAX_VALUE + 1)))).toEqual({ value: 'tooLong' });
});

it('sends what was typed without empty rows and stray spaces', () => {
  const rows = [
    { key: ' site ', value: ' the\tlab ' },
    { key: '', value: '' },
  ];
  expect(labelsOf(rows)).toEqual({ site: 'the lab' });
  expect(isSame({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true);
  expect(isSame({ a: '1' }, { a: '2' })).toBe(false);
});
