import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'robowatch-process-'));
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGTERM');
  rmSync(dir, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

interface Answer {
  access_token: string;
  robot_id: number;
  influxdb_token: string;
  series: { points: [number, number][] }[];
}

/** The real process, as `npm start` runs it. Resolves when it says that it runs, or has ended. */
async function launch(env: Record<string, string> = {}) {
  const ports = { API_PORT: String(await freePort()), WEB_PORT: String(await freePort()) };
  const admin = { ADMIN_EMAIL: 'admin@lab.example', ADMIN_PASSWORD: 'correct horse battery' };
  const settings = { ...ports, ...admin, DATA_DIR: dir, LISTEN_HOST: '127.0.0.1', LOG_LEVEL: 'silent', ...env };
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  await new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (output.includes('Robowatch is running')) resolve();
      });
    }
    child.once('exit', () => resolve());
  });
  const url = `http://127.0.0.1:${settings.WEB_PORT}/api`;
  const call = async (
    method: string,
    path: string,
    { token, body }: { token?: string; body?: object | string } = {},
  ) => {
    const headers: Record<string, string> = {
      'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    };
    if (token) headers.authorization = `Bearer ${token}`;
    const reply = await fetch(url + path, {
      method,
      headers,
      body: typeof body === 'string' ? body : body && JSON.stringify(body),
    });
    return { status: reply.status, body: (reply.status === 204 ? {} : await reply.json()) as Answer };
  };
  const signIn = async () =>
    (await call('POST', '/auth/login', { body: { email: admin.ADMIN_EMAIL, password: admin.ADMIN_PASSWORD } })).body
      .access_token;
  return { child, ports, call, signIn, output: () => output };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  return (await exited)[0];
}

it('keeps everything it answered 204 to, though it is killed during writes', async () => {
  const first = await launch();
  const token = await first.signIn();
  const body = { hostname: 'orange', code: '31415926' };
  const { robot_id } = (await first.call('POST', '/pair', { body })).body;
  const robot = (await first.call('POST', '/pair/31415926/confirm', { token, body: {} })).body.influxdb_token;

  const acknowledged: number[] = [];
  const start = Date.now() - 60_000;
  let sent = 0;
  const writer = async () => {
    while (first.child.exitCode === null && sent < 100_000) {
      const at = start + sent++;
      const reply = await first
        .call('POST', '/metrics?precision=ms', { token: robot, body: `m v=${at}i ${at}` })
        .catch(() => undefined);
      if (!reply) return;
      if (reply.status === 204) acknowledged.push(at);
    }
  };
  const writers = Array.from({ length: 8 }, writer);
  await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(200);
  await end(first.child, 'SIGKILL');
  await Promise.all(writers);

  const second = await launch();
  const again = await second.signIn();
  const path = `/robots/${robot_id}/metrics/m?fn=count&every=1s&from=${new Date(start - 1000).toISOString()}&to=${new Date(start + 1_000_000).toISOString()}`;
  const count = (await second.call('GET', path, { token: again })).body.series[0]?.points;
  const stored = count?.reduce((sum, [, n]) => sum + n, 0);
  expect(stored).toBeGreaterThanOrEqual(acknowledged.length);
  expect(stored).toBeLessThanOrEqual(sent);

  const third = await launch();
  expect(third.output()).toContain('is in use by another Robowatch');
  expect(third.child.exitCode).toBe(1);
  expect(await end(second.child, 'SIGTERM')).toBe(0);
});

it('says in one sentence what keeps it from starting', async () => {
  const first = await launch();
  const other = { DATA_DIR: join(dir, 'other') };
  for (const [env, sentence] of [
    [{ ...other, API_PORT: first.ports.API_PORT }, `Port ${first.ports.API_PORT} is taken`],
    [
      { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789' },
      'The database of DATABASE_URL cannot be used',
    ],
    [{ METRICS_RETENTION: 'for ever' }, 'METRICS_RETENTION must be a duration'],
  ] as [Record<string, string>, string][]) {
    const failed = await launch(env);
    expect(failed.output()).toContain(sentence);
    expect(failed.output()).not.toMatch(/^\s+at /m);
    expect(failed.child.exitCode).toBe(1);
  }
  expect(await end(first.child, 'SIGINT')).toBe(0);
});
