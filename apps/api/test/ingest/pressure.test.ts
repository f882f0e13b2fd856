import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-pressure-'));
const MIB = 1 << 20;
let server: ServerProcess;
let token: string;
let neighbour: string;
let sockets: Socket[] = [];

beforeAll(async () => {
  const limits = { REQUEST_TIMEOUT: '3', INGEST_MAX_PENDING_BYTES: String(32 * MIB) };
  server = await launch({ env: { DATA_DIR: dir, ...limits } });
  const admin = await server.signIn();
  const paired = async (code: string) => {
    await server.call('POST', '/pair', { body: { hostname: 'orange', code } });
    return (await server.call('POST', `/pair/${code}/confirm`, { token: admin, body: {} })).body.influxdb_token;
  };
  [token, neighbour] = [await paired('27182818'), await paired('31415926')];
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});
afterAll(async () => {
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

const port = () => Number(server.ports.API_PORT);
const report = (body: string) => server.call('POST', '/metrics', { token, body });
const residentMiB = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024;

function open(head = ''): Socket {
  const socket = connect(port(), '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  if (head) socket.write(head);
  return socket;
}

const head = (...headers: string[]) =>
  ['POST /api/metrics HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n');

/** Everything the server sends until it closes the connection. */
async function answer(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise<void>((closed) => socket.once('close', () => closed()));
  return text;
}

it('does not read a body announced as 10 GB', async () => {
  const socket = open(head('Content-Length: 10000000000'));
  socket.write('m v=1\n'.repeat(1000));
  const text = await answer(socket);
  expect(text).toMatch(/^HTTP\/1.1 413 /);
  expect(text).toContain('"code":"payload_too_large"');
});

it('stops reading a body without announced length once it is too large', async () => {
  const socket = open(head('Transfer-Encoding: chunked'));
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const writing = setInterval(() => socket.writable && socket.write(chunk.repeat(4)), 5);
  const text = await answer(socket);
  clearInterval(writing);
  expect(text).toMatch(/^HTTP\/1.1 413 /);
});

it('cuts off a client that sends a byte per second, and serves everybody else meanwhile', async () => {
  const slow = Array.from({ length: 300 }, () => open(head('Content-Length: 1000')));
  const dripping = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('m');
  }, 1000);
  const ended = Promise.all(slow.map(answer));
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) statuses.push((await report(`m v=${i}`)).status);
  const texts = await ended;
  clearInterval(dripping);
  expect(new Set(statuses)).toEqual(new Set([204]));
  for (const text of texts) expect(text).not.toMatch(/^HTTP\/1.1 2/);
});

it('keeps ten thousand connections open in bounded memory, and keeps serving', async () => {
  const before = residentMiB();
  for (let i = 0; i < 10_000; i++) {
    // Every tenth connection has begun a request.
    open(i % 10 === 0 ? 'POST /api/metrics HTTP/1.1\r\nHost: x\r\n' : '');
    if (i % 500 === 499) await sleep(20);
  }
  await expect
    .poll(() => sockets.filter((socket) => socket.readyState === 'open').length, { timeout: 30_000 })
    .toBeGreaterThan(9_000);
  for (let i = 0; i < 20; i++) expect((await report(`m v=${i}`)).status).toBe(204);
  expect(residentMiB() - before).toBeLessThan(400);
}, 90_000);

it('endless bodies from one client do not shut out others', async () => {
  const size = 3 * MIB;
  const before = residentMiB();
  const many = Array.from({ length: 40 }, () => open(head(`Content-Length: ${size}`)));
  const ended = Promise.all(many.map(answer));
  for (const socket of many) socket.write(Buffer.alloc(size - 10, 'x'));
  const statuses = new Set<number>();
  let waiting = true;
  void ended.then(() => {
    waiting = false;
  });
  while (waiting) statuses.add((await server.call('POST', '/metrics', { token: neighbour, body: 'm v=1' })).status);
  expect(statuses).toEqual(new Set([204]));
  expect(residentMiB() - before).toBeLessThan(250);
  const texts = await ended;
  expect(texts.filter((text) => /^HTTP\/1.1 429 .*retry-after/is.test(text)).length).toBeGreaterThan(20);
  expect((await report('m v=1')).status).toBe(204);
});

it('uses bounded memory when many send zip bombs', async () => {
  const before = residentMiB();
  const bomb = gzipSync(Buffer.alloc(64 * MIB));
  const send = () =>
    fetch(`http://127.0.0.1:${port()}/api/metrics`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' },
      body: new Uint8Array(bomb),
    });
  const replies = await Promise.all(Array.from({ length: 60 }, send));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([413]));
  expect(residentMiB() - before).toBeLessThan(250);
});

it('refuses a body with too many lines before parsing it', async () => {
  const reply = await server.call('POST', '/metrics', { token, body: 'm v=1\n'.repeat(200_000) });
  expect(reply.status).toBe(413);
  expect(reply.body.detail).toContain('more than 100000 lines');
});
