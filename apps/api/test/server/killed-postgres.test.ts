import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-killed-'));
const started: ServerProcess[] = [];
afterAll(async () => {
  for (const server of started) await server.end();
  rmSync(dir, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}) {
  const server = await launch({
    env: { DATA_DIR: dir, ROBOT_LINES_PER_SECOND: '1000000', LOG_LEVEL: 'warn', ...env },
  });
  started.push(server);
  return server;
}

const pidFile = () => readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n');
const postgres = () => ({ pid: Number(pidFile()[0]), port: Number(pidFile()[3]) });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it('starts PostgreSQL again when it is killed, goes on by itself, and keeps what it has acknowledged', async () => {
  const server = await start();
  const token = await server.signIn();
  const { robot_id } = (await server.call('POST', '/pair', { body: { hostname: 'a', code: '31415926' } })).body;
  const robot = (await server.call('POST', '/pair/31415926/confirm', { token, body: {} })).body.influxdb_token;
  const begin = Math.floor(Date.now() / 1000) * 1000 - 12 * 3_600_000;
  const acknowledged: number[] = [];
  const statuses = new Set<number>();
  let sent = 0;
  let isOver = false;
  const reporter = async () => {
    while (!isOver) {
      const at = begin + sent++ * 1000;
      const { status } = await server.call('POST', '/metrics?precision=ms', {
        token: robot,
        body: `m value=${at}i ${at}`,
      });
      statuses.add(status);
      if (status === 204) acknowledged.push(at);
      else await sleep(20);
    }
  };
  const reporters = Array.from({ length: 8 }, reporter);
  for (const _ of ['once', 'again']) {
    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(acknowledged.length + 100);
    const former = postgres();
    process.kill(former.pid, 'SIGKILL');
    await expect.poll(() => isAlive(former.pid)).toBe(false);
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(before + 100);
    expect(postgres().port).toBe(former.port);
    expect(postgres().pid).not.toBe(former.pid);
  }
  isOver = true;
  await Promise.all(reporters);
  expect([...statuses].sort()).toEqual([204, 503]);
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.includes('PostgreSQL has ended unexpectedly'));
  expect(lines).toHaveLength(2);
  // What was refused meanwhile is said now and then, without a stack.
  const errors = server
    .output()
    .split('\n')
    .filter((line) => line.includes('"level":50'));
  expect(errors).toEqual(lines);
  const refusals = server
    .output()
    .split('\n')
    .filter((line) => line.includes('requests are refused'));
  expect(refusals.length).toBeGreaterThan(0);
  expect(refusals.length).toBeLessThan(10);

  const stored = new Set<number>();
  for (let from = begin; from < begin + sent * 1000; from += 3_600_000) {
    const range = `from=${new Date(from).toISOString()}&to=${new Date(from + 3_600_000).toISOString()}`;
    const { body } = await server.call('GET', `/robots/${robot_id}/metrics/m?fn=last&every=1s&${range}`, { token });
    for (const [at, value] of body.series[0]?.points ?? []) if (at === value) stored.add(at);
  }
  expect(acknowledged.filter((at) => !stored.has(at))).toEqual([]);

  const { pid } = postgres();
  expect(await server.end('SIGTERM')).toBe(0);
  expect(isAlive(pid)).toBe(false);
}, 180_000);

it('ends with a clear message when PostgreSQL does not start any more', async () => {
  const server = await start();
  writeFileSync(join(dir, 'postgres/postgresql.auto.conf'), 'this = is = broken\n');
  process.kill(postgres().pid, 'SIGKILL');
  await expect.poll(() => server.child.exitCode, { timeout: 120_000 }).toBe(1);
  expect(server.output()).toContain('cannot be started again');
  expect(server.output()).toContain('syntax error');
}, 180_000);
