import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, it } from 'vitest';
import { columnOf, SECRET, useGatewayLab } from './gateway-lab.ts';

const MAX_BYTES = 65_536;
const lab = useGatewayLab({
  ...{ GRAFANA_QUERIES_PER_USER: '1', GRAFANA_ANSWER_MAX_BYTES: String(MAX_BYTES), READ_TIMEOUT: '120' },
});
const { ask, people } = lab;
const CPU = 'from(bucket: "robots") |> range(start: -1h) |> filter(fn: (r) => r._measurement == "cpu")';
/** Refused by the gateway alone, as soon as it is this query's turn. */
const REFUSED = '+'.repeat(60_000);
let port: number;

beforeAll(async () => {
  ({ port } = lab.api.app().server.address() as AddressInfo);
});

/** A request that can be broken off. */
function start(token: string, query: string) {
  const headers = {
    'content-type': 'application/json',
    'x-robowatch-gateway': SECRET,
    authorization: `Bearer ${token}`,
  };
  const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/grafana/api/v2/query', headers });
  const status = new Promise<number | undefined>((resolve) => {
    sent.once('response', (reply) => resolve(reply.statusCode));
    sent.once('error', () => resolve(undefined));
  });
  sent.end(JSON.stringify({ query }));
  return { sent, status };
}

it('one user’s queries wait for each other, and for nobody else; a client that leaves frees its turn', async () => {
  const { left, right } = people;
  await lab.influx().pause();
  try {
    const running = start(left.access, CPU);
    await once(running.sent, 'finish');
    let waited = true;
    const waiting = start(left.access, REFUSED);
    void waiting.status.then(() => {
      waited = false;
    });
    expect((await ask(right, REFUSED)).status).toBe(400);
    expect(waited).toBe(true);
    running.sent.destroy();
    expect(await waiting.status).toBe(400);
  } finally {
    lab.influx().resume();
  }
});

it('of one user, only so many wait', async () => {
  await lab.influx().pause();
  const many = Array.from({ length: 60 }, () => start(people.left.access, CPU));
  await expect.poll(async () => Promise.race([...many.map(({ status }) => status), undefined])).toBe(429);
  lab.influx().resume();
  const statuses = await Promise.all(many.map(({ status }) => status));
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20);
});

it('a long answer is cut after a whole row, with an error', async () => {
  const { status, text } = await ask(people.left, `${CPU} |> aggregateWindow(every: 1s, fn: count, createEmpty: true)`);
  expect(status).toBe(200);
  expect(text.length).toBeLessThan(MAX_BYTES + 500);
  const [rows, error] = text.split('\r\n\r\n#datatype,string,string\r\n') as [string, string];
  expect(rows.length).toBeGreaterThan(MAX_BYTES / 2);
  expect(new Set(columnOf(rows, '_field'))).toEqual(new Set(['usage_idle']));
  expect(error).toContain(',error,reference\r\n,the answer has more than');
});
