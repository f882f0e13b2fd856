import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Child } from '../../../../tools/real/child.ts';
import { startDebian } from '../../../../tools/real/debian.ts';
import { freePort } from '../../../../tools/real/free-port.ts';
import { ADMIN, callsTo } from '../support/server-process.ts';
import { CHECKED_OUT, checkOut } from './arm64-server.ts';

let debian: Awaited<ReturnType<typeof startDebian>>;
let server: Child;
let origin: string;

beforeAll(async () => {
  debian = await startDebian({ hostname: 'arm64-server', system: { suite: 'bookworm', architecture: 'arm64' } });
  await checkOut(debian.root);
});
afterAll(() => debian?.stop());

/** Everything is fetched and unpacked by emulated programs. */
const INSTALL_MS = 3_600_000;
const env = { HOME: '/root', NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' };

it(
  'is installed on arm64 with npm ci',
  async () => {
    const child = await debian.shell(`cd ${CHECKED_OUT} && npm ci --no-audit --no-fund && node -p process.arch`, env);
    await child.exited;
    expect([child.exitCode(), child.output()]).toEqual([0, expect.stringMatching(/^arm64$/m)]);
  },
  INSTALL_MS,
);

it('starts with npm start', async () => {
  const [api, web] = [await freePort(), await freePort()];
  origin = `http://127.0.0.1:${web}`;
  const settings = { API_PORT: String(api), WEB_PORT: String(web), LISTEN_HOST: '127.0.0.1', ...ADMIN };
  server = await debian.shell(`cd ${CHECKED_OUT} && npm start`, { ...env, ...settings });
  while (!server.output().includes('Robowatch is running') && !server.hasExited()) await sleep(500);
  expect(server.hasExited(), server.output()).toBe(false);
  const page = await fetch(origin);
  expect(await page.text()).toMatch(/<!doctype html>/i);
});

it('pairs a robot, stores its report and reads it back', async () => {
  const { call, signIn } = callsTo(origin);
  const token = await signIn();
  await call('POST', '/pair', { body: { hostname: 'rover', code: '12345670', architecture: 'arm64' } });
  const robot = (await call('POST', '/pair/12345670/confirm', { token, body: {} })).body;
  const now = Math.floor(Date.now() / 1000);
  const lines = Array.from({ length: 1000 }, (_, i) => `mem total=${i}i ${now - i}`).join('\n');
  const stored = await call('POST', '/metrics?precision=s', { token: robot.influxdb_token, body: lines });
  expect(stored.status).toBe(204);
  const path = `/robots/${robot.robot_id}/metrics/mem?fields=total&fn=sum&every=1h&from=-2h`;
  const { series } = (await call('GET', path, { token })).body;
  expect(series[0].points.reduce((sum: number, [, value]: [number, number]) => sum + value, 0)).toBe(499_500);
});
