import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createJournal } from '../../../../tools/real/journal.ts';
import { AGENT_CONFIG_FILES, ensureTelegraf, startTelegraf } from '../../../../tools/real/telegraf.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const dir = mkdtempSync(join(tmpdir(), 'robowatch-telegraf-'));
let telegraf: Awaited<ReturnType<typeof startTelegraf>>;
let url: string;

beforeAll(async () => {
  await ensureTelegraf();
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => telegraf?.stop());

/** A copy of /sys with a temperature sensor, which virtual machines lack. */
function sysWithSensor(): string {
  const sys = join(dir, 'sys');
  const zone = join(sys, 'class/thermal/thermal_zone0');
  mkdirSync(zone, { recursive: true });
  for (const name of readdirSync('/sys')) if (name !== 'class') symlinkSync(join('/sys', name), join(sys, name));
  writeFileSync(join(zone, 'type'), 'soc_thermal\n');
  writeFileSync(join(zone, 'temp'), '47500\n');
  return sys;
}

it('the real Telegraf reports measurements and journal; deactivated, it keeps its data for later', async () => {
  const owner = await api.person();
  const { id, token } = await api.pairedRobot(owner, 'bench');
  // The agent's own files; only the intervals are shortened for the test.
  const pace = join(dir, 'pace.conf');
  writeFileSync(
    pace,
    '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  flush_jitter = "0s"\n  omit_hostname = true\n',
  );
  const journal = await createJournal(dir);
  const logged = Date.now() * 1000 - 60_000_000;
  const entry = { MESSAGE: 'Motor controller: "stalled"\nretrying', PRIORITY: '3', SYSLOG_IDENTIFIER: 'nav2' };
  await journal.add([{ micros: logged, fields: entry }]);
  telegraf = await startTelegraf({
    configFiles: [...AGENT_CONFIG_FILES, pace],
    env: {
      ROBOWATCH_URL: url,
      ROBOWATCH_TOKEN: token,
      ROBOWATCH_FLUSH: '1s',
      ROBOWATCH_TICK: '1',
      ROBOWATCH_JITTER: '1ms',
      HOME: dir,
      HOST_SYS: sysWithSensor(),
      PATH: `${journal.bin}:${process.env.PATH}`,
    },
    dir,
  });
  const count = async (measurement: string, field: string, from: Date, to = new Date()) => {
    const query = `fields=${field}&fn=count&every=1d&from=${from.toISOString()}&to=${to.toISOString()}`;
    const { body } = await api.call('GET', `/robots/${id}/metrics/${measurement}?${query}`, { token: owner.token });
    return body.series
      .flatMap((s: { points: [number, number][] }) => s.points)
      .reduce((sum: number, [, n]: [number, number]) => sum + n, 0) as number;
  };
  const start = new Date(Date.now() - 60_000);
  for (const [measurement, field] of [
    ['cpu', 'usage_idle'],
    ['mem', 'used_percent'],
    ['disk', 'used_percent'],
    ['net', 'bytes_recv'],
    ['temp', 'temp'],
    ['system', 'load1'],
  ] as const) {
    await expect
      .poll(() => count(measurement, field, start), {
        timeout: 40_000,
        message: `${measurement}\n${telegraf.output()}`,
      })
      .toBeGreaterThan(0);
  }

  const logs = async () =>
    (await api.call('GET', `/robots/${id}/logs?from=-10m`, { token: owner.token })).body.items.map(
      ({ time, ...rest }: { time: string }) => ({ ...rest, at: Date.parse(time) }),
    );
  const shown = { level: 'err', program: 'nav2', message: entry.MESSAGE, at: Math.floor(logged / 1000) };
  await expect.poll(logs, { timeout: 30_000, message: telegraf.output() }).toEqual([shown]);
  const { body } = await api.call('GET', `/robots/${id}`, { token: owner.token });
  expect(body.latest.temperature_c).toBe(47.5);
  const series = async (measurement: string) =>
    (await api.call('GET', `/robots/${id}/metrics/${measurement}?from=-5m`, { token: owner.token })).body.series;
  const tags = (all: { tags: Record<string, string> }[]) => new Set(all.flatMap((one) => Object.keys(one.tags)));
  expect(tags(await series('net'))).toContain('interface');
  expect(tags(await series('disk'))).toContain('path');
  expect((await series('temp'))[0].tags.sensor).toContain('soc_thermal');

  const change = (status: string) => api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { status } });
  await change('inactive');
  const off = new Date();
  const refused = () => telegraf.output().match(/status code:? 401/g)?.length ?? 0;
  await expect.poll(refused, { timeout: 30_000, message: telegraf.output() }).toBeGreaterThan(2);
  const on = new Date();
  expect(await count('mem', 'used_percent', off, on)).toBeLessThanOrEqual(1);
  await change('active');
  const seconds = Math.floor((on.getTime() - off.getTime()) / 1000);
  await expect
    .poll(() => count('mem', 'used_percent', off, on), { timeout: 30_000 })
    .toBeGreaterThanOrEqual(seconds - 1);
});
