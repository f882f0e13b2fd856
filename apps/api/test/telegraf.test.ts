import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AGENT_CONFIG_FILES, ensureTelegraf, startTelegraf } from '../../../tools/real/telegraf.ts';
import { useTestApi } from './test-api.ts';

const api = useTestApi();
const dir = mkdtempSync(join(tmpdir(), 'robowatch-telegraf-'));
let telegraf: Awaited<ReturnType<typeof startTelegraf>>;
let url: string;

beforeAll(async () => {
  await ensureTelegraf();
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => telegraf?.stop());

it('the real Telegraf reports; refused while switched off it keeps its data and sends it later', async () => {
  const owner = await api.person();
  const { id, token } = await api.pairedRobot(owner, 'bench');
  // The agent's own files; only the pace is a test's.
  const pace = join(dir, 'pace.conf');
  writeFileSync(
    pace,
    '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  flush_jitter = "0s"\n  omit_hostname = true\n',
  );
  telegraf = await startTelegraf({
    configFiles: [...AGENT_CONFIG_FILES, pace],
    env: {
      ROBOWATCH_URL: url,
      ROBOWATCH_TOKEN: token,
      HOME: dir,
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
    ['system', 'load1'],
  ] as const) {
    await expect
      .poll(() => count(measurement, field, start), {
        timeout: 40_000,
        message: `${measurement}\n${telegraf.output()}`,
      })
      .toBeGreaterThan(0);
  }

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
