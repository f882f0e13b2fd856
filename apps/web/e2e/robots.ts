import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemoRobots } from '../../demo/src/index.ts';
import { ADMIN, PASSWORD } from './server.ts';

/** Calls the API as a user, without a browser. */
export async function asUser(url: string, email = ADMIN) {
  const call = async (method: string, path: string, body?: object, token?: string) => {
    const headers: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
    if (token) headers.authorization = `Bearer ${token}`;
    const reply = await fetch(`${url}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    return reply.status === 204 ? undefined : reply.json();
  };
  const { access_token } = await call('POST', '/auth/login', { email, password: PASSWORD });
  return (method: string, path: string, body?: object) => call(method, path, body, access_token);
}

/** Robots that really pair and report. `onCode` acts as the owner, who by default confirms at once. */
export async function startRobots(
  url: string,
  {
    robots = 1,
    historyMs = 600_000,
    onCode,
  }: { robots?: number; historyMs?: number; onCode?: (code: string) => Promise<void> } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-robots-'));
  const owner = onCode ? undefined : await asUser(url);
  const fleet = await startDemoRobots({
    ...{ apiUrl: url, robots, intervalMs: 1_000, historyMs, stateFile: join(dir, 'robots.json') },
    confirm: async ({ code }) => {
      if (onCode) return onCode(code);
      await owner?.('POST', `/pair/${code}/confirm`, {});
    },
  });
  return {
    async stop() {
      await fleet.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Has a robot request pairing, without anyone entering its code. */
export async function askToPair(url: string, code: string, hostname = 'orange') {
  const body = JSON.stringify({ hostname, code, architecture: 'arm64' });
  const reply = await fetch(`${url}/api/pair`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (reply.status !== 201) throw new Error(await reply.text());
}

/** Robots that only report a few figures, once a second. The server must allow that many codes. */
export async function startFleet(url: string, count: number) {
  const owner = await asUser(url);
  const tokens: string[] = [];
  for (let i = 1; i <= count; i++) {
    const [code, name] = [String(10_000_000 + i), `unit-${String(i).padStart(3, '0')}`];
    await askToPair(url, code, name);
    tokens.push((await owner('POST', `/pair/${code}/confirm`, { name })).influxdb_token);
  }
  let beat = 0;
  const report = (token: string, i: number) => {
    const body = `cpu,cpu=cpu-total usage_idle=${10 + ((i * 37 + beat * 11) % 80)}\nmem used_percent=${20 + ((i + beat) % 60)}`;
    return fetch(`${url}/api/metrics`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
  };
  const reportAll = () => Promise.all(tokens.map(report)).then(() => beat++);
  await reportAll();
  const timer = setInterval(() => void reportAll().catch(() => {}), 1_000);
  return { stop: () => clearInterval(timer) };
}
export const manyCodes = { PAIR_REQUESTS_PER_ADDRESS: '100000', PAIR_MAX_LIVE_CODES: '100000' };
