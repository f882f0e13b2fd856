import { beforeEach, expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';
import { alertLab } from './alert-lab.ts';

const api = useTestApi();
const lab = alertLab(api);
beforeEach(() => lab.begin());

const MINUTE = 60_000;
const hot = { kind: 'threshold', measurement: 'temp', field: 'temp', fn: 'max', window_s: 60, op: '>', value: 70 };

it('a rule tells what it would have done, of its owner’s robots only', async () => {
  const [owner, stranger] = [await api.person(), await api.person()];
  const [mine, theirs] = [await api.pairedRobot(owner), await api.pairedRobot(stranger)];
  const start = Math.floor(lab.now() / MINUTE) * MINUTE - 60 * MINUTE;
  for (let i = 0; i < 60; i++) {
    const value = i >= 10 && i < 15 ? 80 + i : i >= 30 && i < 32 ? 75 : 20;
    for (const { token } of [mine, theirs]) await lab.report(token, `temp temp=${value}`, start + i * MINUTE);
  }
  for (const i of [5, 5.1, 5.2]) await lab.report(mine.token, 'syslog level="err",message="lost"', start + i * MINUTE);
  const preview = async (more: object = {}) => {
    const body = { scope: { all: true }, condition: hot, resolve_for_s: 0, from: '-2h', ...more };
    return api.call('POST', '/alert-rules/preview', { token: owner.token, body });
  };
  const spans = async (more: object = {}) =>
    (await preview(more)).body.firings.map(
      (one: { robot_id: number; from: string; to: string | null; peak: unknown }) => [
        ...[
          one.robot_id,
          (Date.parse(one.from) - start) / MINUTE,
          one.to && (Date.parse(one.to) - start) / MINUTE,
          one.peak,
        ],
      ],
    );
  expect(await spans()).toEqual([
    [mine.id, 11, 16, 94],
    [mine.id, 31, 33, 75],
  ]);
  expect(await spans({ for_s: 180 })).toEqual([[mine.id, 14, 16, 94]]);
  expect(await spans({ resolve_for_s: 1200 })).toEqual([[mine.id, 11, 53, 94]]);
  expect(await spans({ condition: { ...hot, op: '<', value: 50, fn: 'min' } })).toHaveLength(3);
  expect(await spans({ condition: { kind: 'log', level: 'err', q: 'LOST', count: 3, window_s: 60 } })).toEqual([
    [mine.id, 6, 7, 3],
  ]);
  expect((await preview()).body).toMatchObject({ robots: 1, every_s: 60 });
  // Rough, but not later than it would have been.
  const [[, began]] = await spans({ from: '-7d' });
  expect(began).toBeGreaterThan(0);
  expect(began).toBeLessThanOrEqual(11);
  // A month, in windows that are summed up already.
  expect((await preview({ from: '-30d' })).body).toMatchObject({ every_s: 1500 });

  const refused = { scope: { robots: [theirs.id] } };
  expect((await preview(refused)).status).toBe(404);
  expect((await preview({ from: '-32d' })).body.reason).toBe('range_too_long');
  expect((await preview({ condition: { kind: 'status', status: 'error' } })).status).toBe(400);
  expect((await preview({ surprise: 1 })).status).toBe(400);
  expect((await api.call('GET', '/alert-rules', { token: owner.token })).body.items).toEqual([]);
});

it('silence is seen in the past, too', async () => {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const start = Math.floor(lab.now() / MINUTE) * MINUTE - 60 * MINUTE;
  for (let i = 0; i < 60; i++) {
    if (i >= 20 && i < 40) continue;
    await lab.report(robot.token, `system load1=1${i < 50 ? '\ngps fix=3' : ''}`, start + i * MINUTE);
  }
  const firings = async (condition: object) => {
    const body = { scope: { robots: [robot.id] }, condition, resolve_for_s: 0, from: '-2h' };
    return (await api.call('POST', '/alert-rules/preview', { token: owner.token, body })).body.firings;
  };
  expect(await firings({ kind: 'offline', after_s: 300 })).toHaveLength(1);
  const gps = await firings({ kind: 'no_data', measurement: 'gps', after_s: 300 });
  expect(gps.map(({ to }: { to: string | null }) => to === null)).toEqual([false, true]);
});
