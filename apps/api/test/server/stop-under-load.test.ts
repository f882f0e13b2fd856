import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';

const CONNECTIONS = 60;
const dir = mkdtempSync(join(tmpdir(), 'robowatch-stop-'));
const started: ServerProcess[] = [];
afterAll(async () => {
  for (const server of started) await server.end();
  rmSync(dir, { recursive: true, force: true });
});

async function start() {
  const env = { DATA_DIR: dir, ROBOT_LINES_PER_SECOND: '1000000', LOG_LEVEL: 'warn' };
  const server = await launch({ env });
  started.push(server);
  return server;
}

/** @returns the status, and Retry-After where there is one */
async function post(port: string, agent: Agent, token: string, body: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
  const path = '/api/metrics?precision=ms';
  const sent = request({ port: Number(port), host: '127.0.0.1', method: 'POST', path, agent, headers });
  sent.end(body);
  const [reply] = await once(sent, 'response');
  reply.resume();
  await once(reply, 'end');
  return { status: reply.statusCode as number, retryAfter: reply.headers['retry-after'] as string | undefined };
}

it('answers every report when it is stopped under load, and keeps what it has acknowledged', async () => {
  const first = await start();
  const token = await first.signIn();
  const { robot_id } = (await first.call('POST', '/pair', { body: { hostname: 'a', code: '31415926' } })).body;
  const robot = (await first.call('POST', '/pair/31415926/confirm', { token, body: {} })).body.influxdb_token;

  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const begin = Math.floor(Date.now() / 1000) * 1000 - 12 * 3_600_000;
  const acknowledged: number[] = [];
  const odd: unknown[] = [];
  let sent = 0;
  const reporter = async (_: unknown, i: number) => {
    const port = i % 3 === 0 ? first.ports.WEB_PORT : first.ports.API_PORT;
    for (;;) {
      const at = begin + sent++ * 1000;
      const answer = await post(port, agent, robot, `m value=${at}i ${at}`).catch((error) => error as Error);
      // Refused and reset connections: the robot keeps its data.
      if (answer instanceof Error) return;
      if (answer.status === 204) acknowledged.push(at);
      else if (answer.status !== 503 || !answer.retryAfter) odd.push(answer);
    }
  };
  const reporters = Array.from({ length: CONNECTIONS }, reporter);
  await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(1000);
  expect(await first.end('SIGTERM')).toBe(0);
  await Promise.all(reporters);
  agent.destroy();
  expect(odd).toEqual([]);
  expect(first.output()).not.toMatch(/"level":50/);

  const second = await start();
  const again = await second.signIn();
  const stored = new Set<number>();
  for (let from = begin; from < begin + sent * 1000; from += 3_600_000) {
    const range = `from=${new Date(from).toISOString()}&to=${new Date(from + 3_600_000).toISOString()}`;
    const { body } = await second.call('GET', `/robots/${robot_id}/metrics/m?fn=last&every=1s&${range}`, {
      token: again,
    });
    for (const [at, value] of body.series[0]?.points ?? []) if (at === value) stored.add(at);
  }
  expect(acknowledged.filter((at) => !stored.has(at))).toEqual([]);
});
