import { expect, it } from 'vitest';
import { explain } from './blows.ts';
import { count, type KnownAlert, type Receipt, type Told } from './count.ts';

const alert = (id: number, firedAt: number, resolvedAt: number | null): KnownAlert => ({
  ...{ id, pair: `robot-${id} code-1`, channels: ['hook'], firedAt, resolvedAt },
});
const told = (what: Told['what'], id: number): Told => ({ what, alertId: id, pair: `robot-${id} code-1` });
const receipt = (at: number, key: string, ...what: Told[]): Receipt => ({ at, to: 'hook', key, told: what });
const history = [alert(1, 1_000, 5_000), alert(2, 2_000, 6_000)];
const good = [
  receipt(1_100, 'a', told('firing', 1)),
  receipt(2_100, 'b', told('firing', 2)),
  receipt(5_100, 'c', told('resolved', 1)),
  receipt(6_100, 'd', told('resolved', 2)),
];
const without = (...keys: string[]) => good.filter(({ key }) => !keys.includes(key));

it('finds nothing wrong with what was told, nor with an alert that was over before it could be told of', () => {
  const nothing = { lost: [], skipped: [], invented: [], toldTwice: [], disordered: [], overlapping: [], repeated: [] };
  expect(count(history, good)).toMatchObject({ ...nothing, alerts: 2, messages: 4, owed: 4, folded: 0 });
  const late = [receipt(7_000, 'c', told('resolved', 1)), receipt(7_100, 'd', told('resolved', 2))];
  expect(count(history, late)).toMatchObject({ ...nothing, folded: 2 });
});

it('finds what was lost, though its end was told', () => {
  expect(count(history, without('c')).lost).toEqual(['hook: 1 robot-1 code-1 resolved']);
  expect(count([alert(1, 1_000, null)], []).lost).toEqual(['hook: 1 robot-1 code-1 firing']);
  // Of the second one, which came later, the channel was told while the first one fired.
  expect(count(history, without('a')).skipped).toEqual(['hook: 1 robot-1 code-1']);
});

it('finds what was invented, told twice, or in the wrong order', () => {
  expect(count(history, [...good, receipt(7_000, 'e', told('firing', 3))]).invented).toHaveLength(1);
  expect(count(history, [...good, { ...receipt(7_000, 'e', told('firing', 1)), to: 'other' }]).invented).toHaveLength(
    1,
  );
  const again = count(history, [...good, receipt(7_000, 'e', told('firing', 1))]);
  expect([again.toldTwice.length, again.disordered.length]).toEqual([1, 1]);
  const twoOpen = [alert(1, 1_000, 5_000), { ...alert(2, 2_000, null), pair: 'robot-1 code-1' }];
  expect(count(twoOpen, []).overlapping).toEqual(['robot-1 code-1']);
});

it('excuses one repetition for each channel and kill, not more, and none before a kill', () => {
  const kill = { victim: 'api-1', how: 'kill' as const, from: 10_000, until: 12_000 };
  const repeated = { to: 'hook', key: 'a', first: 9_900, again: 70_000 };
  expect(explain([repeated], [kill])).toMatchObject({ byKill: 1, unexplained: [] });
  expect(explain([repeated, { ...repeated, key: 'b' }], [kill]).unexplained).toHaveLength(1);
  expect(explain([{ ...repeated, to: 'mail' }, repeated], [kill])).toMatchObject({ byKill: 2, mostOfOneKill: 2 });
  expect(explain([{ ...repeated, first: 13_000 }], [kill]).unexplained).toHaveLength(1);
});
