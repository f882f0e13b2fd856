import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';
import { alertLab } from './alert-lab.ts';

const api = useTestApi();
const lab = alertLab(api);
const READ_MS = 400;
let asked: number[][] = [];
let restore = () => {};

beforeEach(async () => {
  await lab.begin();
  const { store } = api.deps();
  const { windows } = store;
  asked = [];
  store.windows = async (query, signal) => {
    asked.push(query.robotIds);
    await sleep(READ_MS);
    return windows.call(store, query, signal);
  };
  restore = () => {
    store.windows = windows;
  };
});
afterEach(() => restore());

it('one person’s many windows do not make everybody else’s wait, and are all looked at in turn', async () => {
  const [loud, calm] = [await api.person(), await api.person()];
  const [robot, other] = [await api.pairedRobot(loud), await api.pairedRobot(calm)];
  const hot = { kind: 'threshold', measurement: 'temp', field: 'temp', fn: 'last', op: '>', value: 80 };
  const rules = [];
  for (let i = 0; i < 20; i++) rules.push((await lab.rule(loud, { ...hot, window_s: 60 + i })).id);
  await lab.rule(calm, { ...hot, window_s: 60 });
  const report = async (at: number) => {
    for (const { id, token } of [robot, other]) {
      await lab.report(token, 'temp temp=90', at - 6_000);
      await lab.heard(id, at);
    }
  };
  await lab.pass(10, report);
  expect(await lab.states(calm)).toEqual(['firing']);
  // Each of the others takes a part of two seconds, beside one read for whoever has few.
  const ofLoud = asked.filter(([id]) => id === robot.id).length;
  expect(ofLoud).toBeGreaterThan(0);
  expect(ofLoud).toBeLessThan(10);
  for (let round = 0; round < 20 && (await lab.alerts(loud, '?limit=100')).length < rules.length; round++)
    await lab.pass(10, report);
  const found = (await lab.alerts(loud, '?limit=100')).map(({ rule_id }) => rule_id);
  expect(new Set(found)).toEqual(new Set(rules));
}, 120_000);
