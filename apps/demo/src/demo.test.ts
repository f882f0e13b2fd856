import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoOptions, startDemoRobots } from './index.ts';

let dir: string;
let server: Server;
let apiUrl: string;
let asked: string[];
let confirmed: Map<string, string>;
let statuses: number[];
let batches: { token: string; lines: string[]; status: number }[];

async function answer(request: IncomingMessage): Promise<[number, object?]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
  if (request.url === '/api/pair') {
    asked.push(JSON.parse(body.toString()).hostname);
    return [201, { robot_id: asked.length, status: 'pending', poll_token: 'poll', interval: 0.01, expires_in: 900 }];
  }
  const code = /^\/api\/pair\/(\d+)\/status$/.exec(request.url ?? '')?.[1];
  if (code) return [200, { status: 'confirmed', token: `token-${confirmed.get(code)}`, robot_id: 1, name: 'x' }];
  const status = statuses.shift() ?? 204;
  batches.push({ token, lines: gunzipSync(body).toString().split('\n'), status });
  return [status];
}

beforeEach(async () => {
  [asked, confirmed, statuses, batches] = [[], new Map(), [], []];
  dir = await mkdtemp(join(tmpdir(), 'robowatch-demo-test-'));
  server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status).end(body && JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.close();
  await rm(dir, { recursive: true, force: true });
});

const start = (robots: number, more: Partial<DemoOptions> = {}) =>
  startDemoRobots({
    ...{ apiUrl, robots, stateFile: join(dir, 'demo.json'), intervalMs: 100, historyMs: 3_600_000 },
    confirm: async ({ code, hostname }) => void confirmed.set(code, hostname),
    ...more,
  });

async function until(condition: () => boolean) {
  for (const end = Date.now() + 10_000; !condition() && Date.now() < end; ) await sleep(20);
  expect(condition()).toBe(true);
}

const times = () =>
  batches
    .filter(({ status }) => status === 204)
    .flatMap(({ lines }) => lines.map((line) => Number(line.split(' ').at(-1)) / 1e6));

test('pairs, sends an hour of history in batches, and continues without a gap', async () => {
  const demo = await start(2);
  await until(() => batches.length > 6);
  await demo.stop();
  expect(asked.sort()).toEqual(['arm-bench', 'courier-01']);
  expect(new Set(batches.map(({ token }) => token))).toEqual(new Set(['token-courier-01', 'token-arm-bench']));
  expect(Math.max(...batches.map(({ lines }) => lines.length))).toBeLessThanOrEqual(2_000);
  const all = [...new Set(times())].sort((a, b) => a - b);
  expect(Date.now() - (all[0] ?? 0)).toBeGreaterThan(3_500_000);
  expect(Date.now() - (all.at(-1) ?? 0)).toBeLessThan(2_000);
  expect(Math.max(...all.map((time, i) => time - (all[i - 1] ?? time)))).toBeLessThanOrEqual(60_000);
});

test('keeps the same robots after a restart, and their tokens private', async () => {
  const first = await start(1);
  await until(() => batches.length > 3);
  await first.stop();
  const file = join(dir, 'demo.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(file, 'utf8')).robots[0].filled).toBe(true);
  batches = [];
  const second = await start(1);
  await until(() => batches.length > 0);
  await second.stop();
  expect(asked).toHaveLength(1);
  expect(Math.min(...times())).toBeGreaterThan(Date.now() - 20_000);
});

test('keeps data the server does not accept, and drops data it refuses permanently', async () => {
  statuses = [503, 429, 422];
  const demo = await start(1);
  await until(() => batches.length > 5);
  await demo.stop();
  expect(batches[1]?.lines[0]).toBe(batches[0]?.lines[0]);
  expect(batches[2]?.lines[0]).toBe(batches[0]?.lines[0]);
  expect(batches[3]?.lines[0]).not.toBe(batches[0]?.lines[0]);
});

test('a robot that was deleted stops, and does not return at the next start', async () => {
  statuses = [401];
  const first = await start(1);
  await first.ended;
  expect(first.running()).toBe(0);
  expect(batches).toHaveLength(1);
  const second = await start(1);
  await second.ended;
  expect(asked).toHaveLength(1);
});

test('a deactivated robot keeps its data until it is reactivated', async () => {
  statuses = [401, 401];
  const demo = await start(1, { isGone: async () => false });
  await until(() => batches.length > 3);
  await demo.stop();
  expect(batches[2]?.lines[0]).toBe(batches[0]?.lines[0]);
});

test('an abort stops the pairing', async () => {
  const abort = new AbortController();
  const confirm = async () => abort.abort();
  const demo = await start(2, { confirm, signal: abort.signal });
  await demo.ended;
  expect(demo.running()).toBe(0);
  expect(batches).toEqual([]);
});
