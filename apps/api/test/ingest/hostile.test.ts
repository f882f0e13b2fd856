import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

/**
 * One robot, user or address must not slow down others. Uses the real process with a small heap; during each attack
 * another robot reports and another person reads. Limits are far above measured values (docs/performance.md), so that a
 * slow machine passes while superlinear work fails.
 */
const dir = mkdtempSync(join(tmpdir(), 'robowatch-hostile-'));
const MIB = 1 << 20;
const HEAP_MIB = 384;
const MAX_DELAY_MS = 750;
const MAX_MEMORY_MIB = 900;
let server: ServerProcess;
let prometheus: number;
let [owner, attacker, talker, neighbour]: string[] = [];
let [readId, neighbourId] = [0, 0];
let hostileUser: string;
const table: Record<string, { delay: number; peak: number; slowest: number }> = {};

beforeAll(async () => {
  prometheus = await freePort();
  server = await launch({
    env: {
      ...{ DATA_DIR: dir, PROMETHEUS_PORT: String(prometheus), NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` },
      ...{ ROBOT_BYTES_PER_SECOND: '1000000000', ROBOT_LINES_PER_SECOND: '1000000' },
    },
  });
  owner = await server.signIn();
  const user = { email: 'mallory@lab.example', name: 'Mallory', role: 'user', password: 'a long and quiet one' };
  await server.call('POST', '/users', { token: owner, body: user });
  hostileUser = await server.signIn(user.email, user.password);
  const paired = async (code: string, token: string) => {
    await server.call('POST', '/pair', { body: { hostname: 'orange', code } });
    const { body } = await server.call('POST', `/pair/${code}/confirm`, { token, body: {} });
    return [body.influxdb_token, body.robot_id] as [string, number];
  };
  [attacker] = await paired('27182818', hostileUser);
  [talker, readId] = await paired('14142135', hostileUser);
  [neighbour, neighbourId] = await paired('31415926', owner as string);
  await watchEverything();
});

/** As many rules as one may have, about what the attacks send. */
async function watchEverything(): Promise<void> {
  const fields = [
    'v',
    ...Array.from({ length: 99 }, (_, i) => `g${i}`),
    ...Array.from({ length: 97 }, (_, i) => `f${i}`),
  ];
  const threshold = { kind: 'threshold', measurement: 'm', fn: 'mean', window_s: 900, op: '>', value: 1e300 };
  const conditions = [
    ...fields.map((field) => ({ ...threshold, field })),
    ...['m', 'syslog'].map((measurement) => ({ kind: 'no_data', measurement, after_s: 900 })),
    { kind: 'log', q: '99999', count: 1, window_s: 900 },
  ];
  for (const condition of conditions) {
    const body = { name: 'Hostile', scope: { all: true }, condition };
    const reply = await server.call('POST', '/alert-rules', { token: hostileUser, body });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  }
}
afterAll(async () => {
  const rows = Object.entries(table).map(([name, of]) => `| ${[name, ...Object.values(of)].join(' | ')} |`);
  const head = ['| attack | longest delay, ms | peak, MiB | slowest for the others, ms |', '|---|---|---|---|'];
  process.stdout.write(`\n${[...head, ...rows].join('\n')}\n`);
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

const send = (text: string, token = attacker) =>
  fetch(`http://127.0.0.1:${server.ports.API_PORT}/api/metrics`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' },
    body: new Uint8Array(gzipSync(text, { level: 1 })),
  });

/** Longest event-loop delay of the process since the last call, milliseconds. */
async function longestDelay(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${prometheus}/metrics`)).text();
  return Math.round(Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]) * 1000);
}
const peakMiB = () =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024);

/** Reports and reads for as long as the attack lasts, and at least three times. */
async function whileLivingOn<Result>(name: string, attack: () => Promise<Result>): Promise<Result> {
  await longestDelay();
  let under = true;
  const attacking = attack().finally(() => {
    under = false;
  });
  const statuses = new Set<number>();
  let slowest = 0;
  const ask = async (...call: Parameters<typeof server.call>) => {
    const started = performance.now();
    statuses.add((await server.call(...call)).status);
    slowest = Math.max(slowest, performance.now() - started);
  };
  for (let i = 0; under || i < 3; i++) {
    await ask('POST', '/metrics', { token: neighbour, body: `mem used_percent=${i}` });
    await ask('GET', '/robots', { token: owner });
    await ask('GET', `/robots/${neighbourId}/metrics/mem?from=-5m`, { token: owner });
  }
  const result = await attacking;
  const delay = await longestDelay();
  table[name] = { delay, peak: peakMiB(), slowest: Math.round(slowest) };
  expect(statuses).toEqual(new Set([204, 200]));
  expect(delay).toBeLessThan(MAX_DELAY_MS);
  expect(peakMiB()).toBeLessThan(MAX_MEMORY_MIB);
  expect(server.child.exitCode).toBeNull();
  return result;
}

/** Too old, and in another unit than what it is taken for. */
const TWO_MONTHS_AGO_S = Math.floor(Date.now() / 1000) - 60 * 86_400;

const many = (count: number, line: (i: number) => string, separator = '\n') =>
  Array.from({ length: count }, (_, i) => line(i)).join(separator);

it.each([
  ['a numeral of a million digits', `m v=${'1'.repeat(1_000_000)}x`, [400]],
  ['an integer of ten megabytes', `m v=${'7'.repeat(10_000_000)}i`, [400]],
  ['a fraction of ten megabytes', `m v=0.${'0'.repeat(10_000_000)}1e5`, [400]],
  ['a line of a million fields', `m ${many(1_000_000, (i) => `f${i}=1`, ',')}`, [400]],
  ['a line of a million tags', `m,${many(1_000_000, (i) => `t${i}=1`, ',')} v=1`, [400]],
  ['a string of fifteen megabytes', `m v="${'x'.repeat(15_000_000)}"`, [400]],
  ['fifteen megabytes without an end', 'x'.repeat(15_000_000), [400]],
  ['quotes that do not close', many(90_000, () => 'm v="a\\'), [400]],
  ['backslashes', `m v="${'\\'.repeat(10_000_001)}`, [400]],
  ['a hundred thousand bad lines', many(100_000, () => 'm v=1x'), [400]],
  ['a hundred thousand usual lines', many(100_000, (i) => `m v=${i} ${TWO_MONTHS_AGO_S + i}`), [400]],
  ['a hundred thousand lines of one point', many(100_000, (i) => `m v=${i}`), [204]],
  ['a thousand fields in each of many lines', many(150, () => `m ${many(1_000, (i) => `g${i}=1`, ',')}`), [204]],
  ['a hundred thousand log entries of one instant', many(100_000, (i) => `syslog message="${i}"`), [204]],
  ['a hundred thousand new series', many(100_000, (i) => `m,t=${i} v=1`), [422]],
  ['a hundred thousand new fields', many(100_000, (i) => `m f${i}=1`), [422]],
  ['empty lines and comments', many(8_000_000, (i) => (i % 2 ? '' : '#')), [413]],
])('%s', async (name, text, expected) => {
  const replies = await whileLivingOn(name, async () => {
    const first = await send(text);
    // Again, now that the process knows its series.
    return [first.status, (await send(text)).status];
  });
  // The attacker may be throttled, or overload a slow machine.
  for (const status of replies) expect([...expected, 429, 503]).toContain(status);
});

it('endless bodies on many connections', async () => {
  const sockets: Socket[] = [];
  await whileLivingOn('endless bodies', async () => {
    const size = 4 * MIB;
    const head = `POST /api/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${attacker}\r\nContent-Length: ${size}\r\n\r\n`;
    const answers = Array.from({ length: 40 }, () => {
      const socket = connect(Number(server.ports.API_PORT), '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      socket.write(head);
      socket.write(Buffer.alloc(size - 1, 'x'));
      return new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('latin1'))));
    });
    expect(await Promise.race(answers)).toMatch(/^HTTP\/1.1 429 /);
  });
  for (const socket of sockets) socket.destroy();
});

it('many concurrent reads of large results', async () => {
  const text = 'y'.repeat(65_000);
  const at = Math.floor(Date.now() / 1000);
  for (let from = 0; from < 1_000; from += 200) {
    const lines = many(200, (i) => {
      const time = `${at - from - i}000000000`;
      return `syslog message="${from + i} ${text}" ${time}\ndisk,path=/ used_percent=5,note="${text}" ${time}`;
    });
    // Two bodies, because one may have at most 16 MiB.
    const half = lines.indexOf('\n', lines.length / 2);
    for (const part of [lines.slice(0, half), lines.slice(half)]) expect((await send(part, talker)).status).toBe(204);
  }
  const read = async (path: string) => (await server.call('GET', path, { token: hostileUser })).status;
  const statuses = await whileLivingOn('large reads', () =>
    Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        read(
          [
            `/robots/${readId}/logs?limit=1000`,
            '/robots?limit=200',
            `/robots/${readId}/metrics/disk?fn=last&every=1s&from=-20m`,
            `/robots/${readId}/logs?limit=1000&q=zzz`,
          ][i % 4] as string,
        ),
      ),
    ),
  );
  for (const status of [200, 400]) expect(statuses).toContain(status);
  for (const status of statuses) expect([200, 400, 429]).toContain(status);
});
