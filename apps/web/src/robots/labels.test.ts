import { expect, it } from 'vitest';
import { hasLabels, labelTexts, splitLabel, toggled } from './labels';

it('writes labels as they are filtered by', () => {
  expect(labelTexts({ site: 'lab: east', floor: '2', spare: '' })).toEqual(['floor:2', 'site:lab: east', 'spare:']);
  expect(splitLabel('site:lab: east')).toEqual({ key: 'site', value: 'lab: east' });
});

it('finds robots that have all the labels asked for', () => {
  const labels = { site: 'lab', floor: '2' };
  expect(hasLabels(labels, [])).toBe(true);
  expect(hasLabels(labels, ['site:lab', 'floor:2'])).toBe(true);
  expect(hasLabels(labels, ['site:lab', 'site:hall'])).toBe(false);
  expect(hasLabels(labels, ['site'])).toBe(false);
  expect(hasLabels({}, ['constructor'])).toBe(false);
});

it('adds a label to the filter, and takes it away again', () => {
  expect(toggled(['a:1'], 'b:2')).toEqual(['a:1', 'b:2']);
  expect(toggled(['a:1', 'b:2'], 'a:1')).toEqual(['b:2']);
});
