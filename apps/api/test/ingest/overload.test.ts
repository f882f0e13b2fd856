import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-overload-'));
let server: ServerProcess;
let admin: string;
let robot: { robot_id: number; influxdb_token: string };

beforeAll(async () => {
  server = await launch({ env: { DATA_DIR: dir } });
  admin = await server.signIn();
  await server.call('POST', '/pair', { body: { hostname: 'orange', code: '27182818' } });
  robot = (await server.call('POST', '/pair/27182818/confirm', { token: admin, body: {} })).body;
});
afterAll(async () => {
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

/** Longer than the agent waits for its answer. */
const PATIENCE_MS = 5_500;

const reportOf = (line: string) =>
  [
    'POST /api/metrics HTTP/1.1',
    ...['Host: x', 'Connection: close', `Authorization: Bearer ${robot.influxdb_token}`],
    ...[`Content-Length: ${line.length}`, '', line],
  ].join('\r\n');
const report = async (body: string) =>
  (await server.call('POST', '/metrics', { token: robot.influxdb_token, body })).status;
const stored = async (name: string) =>
  (await server.call('GET', `/robots/${robot.robot_id}/metrics/${name}`, { token: admin })).body.series ?? [];
const paused = async (ms: number, meanwhile: () => void) => {
  server.child.kill('SIGSTOP');
  meanwhile();
  await sleep(ms);
  server.child.kill('SIGCONT');
};

it('does not store a report whose robot has given up before it was read', async () => {
  const socket = connect(Number(server.ports.API_PORT), '127.0.0.1');
  await once(socket, 'connect');
  await paused(PATIENCE_MS, () => socket.write(reportOf('late v=1')));
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 503 /);
  expect(answer).toMatch(/^retry-after: \d+/im);
  expect(answer).toContain('"code":"overloaded"');
  expect(await report('on_time v=1')).toBe(204);
  expect(await stored('on_time')).toHaveLength(1);
  expect(await stored('late')).toEqual([]);
});

it('does not store a report whose robot has left before its connection was accepted', async () => {
  await paused(300, () => {
    for (const line of ['left v=1', 'left v=2']) {
      const socket = connect(Number(server.ports.API_PORT), '127.0.0.1').on('error', () => {});
      socket.end(reportOf(line));
      setTimeout(() => socket.destroy(), 100);
    }
  });
  expect(await report('present v=1')).toBe(204);
  expect(await stored('present')).toHaveLength(1);
  expect(await stored('left')).toEqual([]);
});
