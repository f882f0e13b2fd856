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
const PAUSE_MS = 5_500;

it('does not store a report whose robot has given up before it was read', async () => {
  const socket = connect(Number(server.ports.API_PORT), '127.0.0.1');
  await once(socket, 'connect');
  server.child.kill('SIGSTOP');
  const line = 'late v=1';
  const head = [
    'POST /api/metrics HTTP/1.1',
    ...['Host: x', 'Connection: close', `Authorization: Bearer ${robot.influxdb_token}`],
    ...[`Content-Length: ${line.length}`, '', ''],
  ];
  socket.write(head.join('\r\n') + line);
  await sleep(PAUSE_MS);
  server.child.kill('SIGCONT');
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 503 /);
  expect(answer).toMatch(/^retry-after: \d+/im);
  expect(answer).toContain('"code":"overloaded"');

  const again = await server.call('POST', '/metrics', { token: robot.influxdb_token, body: 'on_time v=1' });
  expect(again.status).toBe(204);
  const stored = (name: string) => server.call('GET', `/robots/${robot.robot_id}/metrics/${name}`, { token: admin });
  expect((await stored('on_time')).body.series).toHaveLength(1);
  expect((await stored('late')).body.series ?? []).toEqual([]);
});
