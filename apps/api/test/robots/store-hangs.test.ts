import { afterAll, expect, it } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return influx.settings;
});
afterAll(() => influx?.stop());

it('shows the figures of some moments ago while the store hangs, to those only who may see the robot', async () => {
  const [owner, other] = [await api.person(), await api.person()];
  const robot = await api.pairedRobot(owner);
  expect((await api.report(robot.token, 'cpu,cpu=cpu-total usage_idle=58')).status).toBe(204);
  const cpu = async () =>
    (await api.call('GET', `/robots/${robot.id}`, { token: owner.token })).body.latest.cpu_percent;
  expect(await cpu()).toBe(42);
  process.kill(influx.pid, 'SIGSTOP');
  try {
    expect(await cpu()).toBe(42);
    expect((await api.call('GET', `/robots/${robot.id}`, { token: other.token })).status).toBe(404);
  } finally {
    process.kill(influx.pid, 'SIGCONT');
  }
});
