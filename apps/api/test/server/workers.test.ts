import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const WORKERS = 3;
const wait = { timeout: 200_000, interval: 100 };
vi.setConfig({ testTimeout: 600_000 });
const dir = mkdtempSync(join(tmpdir(), 'robowatch-workers-'));
const started: ServerProcess[] = [];
afterAll(async () => {
  for (const server of started) await server.end();
  rmSync(dir, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}, args: string[] = []) {
  const own = { DATA_DIR: dir, API_WORKERS: String(WORKERS), LOG_LEVEL: 'warn' };
  const server = await launch({ env: { ...own, ...env }, args });
  started.push(server);
  return server;
}

const stat = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
};
const isRunning = (pid: number) => !/^$|\) Z /.test(stat(String(pid)));

/** The server's processes beside the supervisor: children that are no database. */
function workersOf({ child }: ServerProcess): number[] {
  const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === child.pid);
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.js')).map(Number);
}
const parentOf = (pid: string) => Number(stat(pid).split(') ').at(-1)?.split(' ')[1]);

/** How many connections to this port a process has accepted (proc(5): /proc/net/tcp, state 1 is established). */
function connectionsOf(pid: number, port: string): number {
  const local = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const inodes = new Set(rows.filter((row) => row[1]?.endsWith(local) && row[3] === '01').map((row) => row[9]));
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return files.filter((file) => inodes.has(/^socket:\[(\d+)\]$/.exec(file)?.[1])).length;
}

/** Each on a connection of its own, and so at any worker. */
function post(port: string, path: string, body: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve) => {
    const agent = new Agent({ keepAlive: false });
    const sent = request({ port: Number(port), host: '127.0.0.1', method: 'POST', path, agent, headers });
    sent.once('error', () => resolve(undefined));
    sent.once('response', (reply) => {
      reply.resume().once('close', () => resolve(reply.complete ? reply.statusCode : undefined));
    });
    sent.end(body);
  });
}

async function pairedRobot(server: ServerProcess) {
  const token = await server.signIn();
  const { robot_id } = (await server.call('POST', '/pair', { body: { hostname: 'a', code: '31415926' } })).body;
  const robot = (await server.call('POST', '/pair/31415926/confirm', { token, body: {} })).body.influxdb_token;
  return { id: robot_id as number, token: robot as string };
}

describe('three workers on one machine', () => {
  let server: ServerProcess;
  let robot: { id: number; token: string };
  const prometheus = freePort();
  const begin = Math.floor(Date.now() / 1000) * 1000 - 12 * 3_600_000;
  const acknowledged: number[] = [];
  const odd: number[] = [];
  let sent = 0;

  /** Sends a point a request, as often as it can, while something happens. */
  async function reporting(happens: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const reporter = async (_: unknown, i: number) => {
      while (!isOver) {
        const at = begin + sent++ * 1000;
        const port = i % 2 ? server.ports.API_PORT : server.ports.WEB_PORT;
        const headers = { authorization: `Bearer ${robot.token}`, 'content-type': 'text/plain' };
        const status = await post(port, '/api/metrics?precision=ms', `m value=${at}i ${at}`, headers);
        if (status === 204) acknowledged.push(at);
        else if (status !== undefined && status !== 503) odd.push(status);
        await sleep(10);
      }
    };
    const reporters = Array.from({ length: 8 }, reporter);
    await happens().finally(() => {
      isOver = true;
    });
    await Promise.all(reporters);
  }

  const isReplaced = async (pid: number) => {
    await expect.poll(() => isRunning(pid), wait).toBe(false);
    await expect.poll(() => workersOf(server).length, wait).toBe(WORKERS);
  };

  beforeAll(async () => {
    server = await start({ PROMETHEUS_PORT: String(await prometheus), ROBOT_LINES_PER_SECOND: '1000000' });
    robot = await pairedRobot(server);
  });

  const share = async (port: string): Promise<boolean> => {
    const sockets = Array.from({ length: 120 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}));
    await sleep(300);
    const taken = workersOf(server).map((pid) => connectionsOf(pid, port));
    for (const socket of sockets) socket.destroy();
    return taken.length === WORKERS && taken.every((count) => count > 10);
  };

  it('all take connections, at both ports', async () => {
    for (const port of [server.ports.API_PORT, server.ports.WEB_PORT])
      await expect.poll(() => share(port), wait).toBe(true);
  });

  it('count sign-ins together, without Redis', async () => {
    const body = JSON.stringify({ email: 'nobody@lab.example', password: 'wrong' });
    const headers = { 'content-type': 'application/json' };
    const attempt = () => post(server.ports.WEB_PORT, '/api/auth/login', body, headers);
    const statuses = await Promise.all(Array.from({ length: 24 }, attempt));
    expect(statuses.sort()).toEqual([...Array(10).fill(401), ...Array(14).fill(429)]);
  });

  it('are replaced when one is killed, and lose nothing that was acknowledged', async () => {
    for (const pid of workersOf(server)) {
      const before = acknowledged.length;
      await reporting(async () => {
        await expect.poll(() => acknowledged.length, wait).toBeGreaterThan(before + 100);
        process.kill(pid, 'SIGKILL');
        await isReplaced(pid);
        const after = acknowledged.length;
        await expect.poll(() => acknowledged.length, wait).toBeGreaterThan(after + 100);
      });
    }
    expect(odd).toEqual([]);
    expect(server.output()).toContain('a worker has ended unexpectedly and is started again');
  });

  it('are replaced when one hangs', async () => {
    await expect.poll(() => share(server.ports.API_PORT), wait).toBe(true);
    const [pid = 0] = workersOf(server);
    process.kill(pid, 'SIGSTOP');
    await isReplaced(pid);
    expect(server.output()).toContain('a worker does not answer and is killed');
  });

  it('show Prometheus what all of them did', async () => {
    const count = 30;
    const text = async () => (await fetch(`http://127.0.0.1:${await prometheus}/metrics`)).text();
    const stored = async () =>
      Number(/^robowatch_ingest_requests_total\{status="204"\} (\d+)$/m.exec(await text())?.[1] ?? 0);
    await expect.poll(text, wait).toContain('robowatch_ingest_pending_bytes 0');
    const before = await stored();
    await reporting(async () => {
      const first = acknowledged.length;
      await expect.poll(() => acknowledged.length, wait).toBeGreaterThan(first + count);
    });
    const seen = await stored();
    expect(seen - before).toBeGreaterThan(count);
    expect(await text()).toMatch(/^robowatch_worker_restarts_total 4$/m);
    expect(await stored()).toBe(seen);
  });

  it('end together, before the database does', async () => {
    const pids = workersOf(server);
    expect(await server.end('SIGTERM')).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(server.output()).not.toMatch(/the database does not respond|job failed/);
  });

  it('have stored all of it', async () => {
    const again = await start({ API_WORKERS: '1' });
    const token = await again.signIn();
    const stored = new Set<number>();
    for (let from = begin; from < begin + sent * 1000; from += 3_600_000) {
      const range = `from=${new Date(from).toISOString()}&to=${new Date(from + 3_600_000).toISOString()}`;
      const { body } = await again.call('GET', `/robots/${robot.id}/metrics/m?fn=last&every=1s&${range}`, { token });
      for (const [at, value] of body.series[0]?.points ?? []) if (at === value) stored.add(at);
    }
    expect(acknowledged.length).toBeGreaterThan(500);
    expect(acknowledged.filter((at) => !stored.has(at))).toEqual([]);
    await again.end();
  });
});

describe('a supervisor', () => {
  let first: ServerProcess;
  beforeAll(async () => {
    first = await start();
  });

  const other = { DATA_DIR: join(dir, 'other') };
  it.each([
    ['is in use by another program', () => ({ ...other, WEB_PORT: first.ports.WEB_PORT }), []],
    ['AGENT_PACKAGES', () => ({ ...other, AGENT_PACKAGES: join(dir, 'none') }), []],
    ['unset API_WORKERS', () => other, ['--demo']],
    ['is in use by another Robowatch', () => ({}), []],
  ] as [string, () => Record<string, string>, string[]][])(
    'says once why it cannot start: %s',
    async (sentence, env, args) => {
      const failed = await start(env(), args);
      expect(failed.output().split(sentence)).toHaveLength(2);
      expect(failed.output()).not.toMatch(/^\s+at /m);
      expect(failed.child.exitCode).toBe(1);
    },
  );

  it('takes its workers and the database with it when it is killed', async () => {
    const postgres = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
    const pids = [...workersOf(first), postgres];
    expect(pids.filter(isRunning)).toHaveLength(WORKERS + 1);
    await first.end('SIGKILL');
    await expect.poll(() => pids.filter(isRunning), wait).toEqual([]);
  });
});
