import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const CODE = '27182818';
const dir = mkdtempSync(join(tmpdir(), 'robowatch-given-'));
const secret = randomBytes(32).toString('hex');
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let server: ServerProcess;
let owner: string;
let robot: { id: number; token: string };

const start = () =>
  launch({ env: { DATABASE_URL: postgres.url, SECRET_KEY: secret, DATA_DIR: dir, PAIR_POLL_INTERVAL: '1' } });
const report = (lines: string) => server.call('POST', '/metrics', { token: robot.token, body: lines });
const read = async (path: string) => (await server.call('GET', `/robots/${robot.id}${path}`, { token: owner })).body;
const points = async () => {
  const { series } = await read('/metrics/step?fn=sum&every=1d&from=-1d');
  return series
    .flatMap((one: { points: [number, number | null][] }) => one.points)
    .reduce((sum: number, [, value]: [number, number | null]) => sum + (value ?? 0), 0);
};
const wait = { timeout: 30_000, interval: 250 };

beforeAll(async () => {
  postgres = await startPostgres();
  server = await start();
});
afterAll(async () => {
  await server?.end();
  await postgres?.stop();
});

it('works on an external PostgreSQL 15: pairing, metrics, logs', async () => {
  owner = await server.signIn();
  const asked = await server.call('POST', '/pair', { body: { hostname: 'orange', code: CODE, architecture: 'arm64' } });
  const { poll_token, robot_id } = asked.body;
  expect((await server.call('POST', `/pair/${CODE}/confirm`, { token: owner, body: { name: 'Orange' } })).status).toBe(
    200,
  );
  const { body } = await server.call('GET', `/pair/${CODE}/status`, { token: poll_token });
  expect(body).toMatchObject({ status: 'confirmed', robot_id, name: 'Orange' });
  robot = { id: robot_id, token: body.token };

  const lines = ['cpu,cpu=cpu-total usage_idle=90', 'syslog level="err",program="nav2",message="Lost"', 'step n=1'];
  expect((await report(lines.join('\n'))).status).toBe(204);
  expect((await read('')).latest.cpu_percent).toBe(10);
  expect((await read('/logs')).items).toMatchObject([{ level: 'err', program: 'nav2', message: 'Lost' }]);
  expect(await points()).toBe(1);
  expect(readdirSync(dir)).toEqual([]);
});

it('finds its data again after a restart of the server', async () => {
  expect(await server.end()).toBe(0);
  server = await start();
  owner = await server.signIn();
  expect(await points()).toBe(1);
});

it.each([
  ['gone', () => postgres.crash(), () => postgres.restart()],
  ['frozen', () => postgres.pause(), () => postgres.resume()],
])('answers 503 within four seconds while the database is %s, and recovers by itself', async (_, cut, mend) => {
  const before = await points();
  const unknown = { token: 'unknown', body: 'step n=1' };
  await cut();
  try {
    for (const ask of [() => server.call('POST', '/metrics', unknown), () => report('step n=1')]) {
      const asked = Date.now();
      const reply = await ask();
      expect(reply.status).toBe(503);
      expect(Date.now() - asked).toBeLessThan(4_500);
      expect(['database_unavailable', 'store_unavailable']).toContain(reply.body.code);
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const ready = await server.call('GET', '/ready');
    expect([ready.status, ready.body.database]).toEqual([503, 'unreachable']);
    expect((await server.call('GET', '/health')).status).toBe(200);
  } finally {
    await mend();
  }
  await expect.poll(async () => (await report('step n=1')).status, wait).toBe(204);
  await expect.poll(async () => (await server.call('GET', '/ready')).status, wait).toBe(200);
  expect(await points()).toBeGreaterThan(before);
});

/** Number of the server's connections that listen for events. */
async function listeners() {
  const client = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      "select count(*)::int as count from pg_stat_activity where application_name = 'robowatch events'",
    );
    return rows[0].count as number;
  } catch {
    return 0;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Takes the dead database's place until the server has made this many failed attempts to listen again. */
async function attemptsInVain(times: number) {
  let attempts = 0;
  const instead = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (start) => {
      if (start.includes('robowatch events')) attempts++;
      socket.destroy();
    });
  });
  await once(instead.listen(Number(new URL(postgres.url).port), '127.0.0.1'), 'listening');
  await expect.poll(() => attempts, wait).toBeGreaterThanOrEqual(times);
  instead.close();
  await once(instead, 'close');
}

/** The listening connection cannot notice that the database is frozen; other connections do. */
const isMissed = async () => (await server.call('GET', '/ready')).body.database;

it.each([
  ['gone', '31415926', () => postgres.crash(), () => attemptsInVain(3), () => postgres.restart()],
  [
    'frozen',
    '16180339',
    () => postgres.pause(),
    () => expect.poll(isMissed, wait).toBe('unreachable'),
    () => postgres.resume(),
  ],
])(
  'has one listener again after the database was %s for a while, and delivers each event once',
  async (_, code, cut, untilMissed, mend) => {
    expect(await listeners()).toBe(1);
    await cut();
    try {
      await untilMissed();
    } finally {
      await mend();
    }
    await expect.poll(listeners, wait).toBe(1);

    owner = await server.signIn();
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${owner}` };
    const { body } = await fetch(`${server.origin}/api/events`, { headers, signal: abort.signal });
    let told = '';
    void (async () => {
      for await (const chunk of body ?? []) told += Buffer.from(chunk).toString();
    })().catch(() => {});
    await expect.poll(() => told, wait).toContain('retry: ');
    for (const name of ['first', 'second'])
      expect((await server.call('PATCH', `/robots/${robot.id}`, { token: owner, body: { name } })).status).toBe(200);
    // This event comes after all earlier ones.
    const asked = await server.call('POST', '/pair', { body: { hostname: 'last', code } });
    expect(asked.status).toBe(201);
    expect((await server.call('POST', `/pair/${code}/confirm`, { token: owner, body: {} })).status).toBe(200);
    await expect.poll(() => told, wait).toContain('event: robot_paired');
    expect(await listeners()).toBe(1);
    expect(told.match(/^event: robot_status_changed$/gm)).toHaveLength(2);
    abort.abort();
  },
);
