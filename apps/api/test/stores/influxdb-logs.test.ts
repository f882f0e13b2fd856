import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { createLossyLine } from '../support/lossy-line.ts';
import { useTestApi } from '../support/test-api.ts';

let influx: TestInflux;
let line: ReturnType<typeof createLossyLine>;
/** Requests that match are accepted but never answered. */
let held: RegExp | undefined;
const hold = (what: RegExp | undefined) => {
  held = what;
};
const pass: RequestListener = (request, reply) => {
  if (!held?.test(request.url ?? '')) line.carry(request, reply);
};
const between = createServer(pass);

const api = useTestApi(async () => {
  influx = await startTestInflux();
  line = createLossyLine(Number(new URL(influx.url).port));
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  return { ...influx.settings, INFLUX_URL: url };
});
afterAll(async () => {
  between.closeAllConnections();
  between.close();
  await influx?.stop();
});

const pair = async () => api.pairedRobot(await api.person());
const messagesOf = async (robotId: number) =>
  ((await influx.pointsOf(robotId)) as { _field: string; _value: string }[])
    .filter(({ _field }) => _field === 'message')
    .map(({ _value }) => _value);
const nanoseconds = (ms: number) => `${ms}000000`;

/** Bytes of InfluxDB's replies to queries so far. */
async function bytesRead() {
  const text = await (await fetch(`${influx.url}/metrics`)).text();
  const counts = [...text.matchAll(/^http_query_response_bytes\{.*\} (\S+)$/gm)].map(([, count]) => Number(count));
  expect(counts.length).toBeGreaterThan(0);
  return counts.reduce((sum, count) => sum + count, 0);
}

it('a body whose log entries are all refused stores the rest, and does not affect other robots', async () => {
  const [robot, other] = [await pair(), await pair()];
  expect((await api.report(robot.token, 'syslog message="first"')).status).toBe(204);
  const extra = { robot_id: robot.id, measurement: 'syslog', field: 'extra', type: 'string' };
  await api.deps().db.insertInto('metric_fields').values(extra).execute();
  const [partly, whole] = await Promise.all([
    api.report(robot.token, 'm v=1\nsyslog message="second",extra=1'),
    api.report(other.token, 'm v=1'),
  ]);
  expect(whole.status).toBe(204);
  expect(partly.body).toMatchObject({ status: 422, accepted: 1, rejected_lines: [2] });
});

it('an old entry costs one look-up at its own time, however much came after it', async () => {
  const robot = await pair();
  const start = Date.now() - 3_600_000;
  const later = Array.from(
    { length: 3_000 },
    (_, i) => `syslog message="a line of some length, number ${i}" ${nanoseconds(start + 60_000 + i * 1_000)}`,
  );
  expect((await api.report(robot.token, later.join('\n'))).status).toBe(204);
  expect((await api.report(robot.token, 'syslog message="now"')).status).toBe(204);
  const before = await bytesRead();
  const old = [0, 1].map((i) => `syslog message="old ${i}" ${nanoseconds(start)}`);
  for (const body of [old[0], old[1], old.join('\n')])
    expect((await api.report(robot.token, body as string)).status).toBe(204);
  expect((await bytesRead()) - before).toBeLessThan(20_000);
  expect(new Set(await messagesOf(robot.id)).size).toBe(3_003);
  expect(await messagesOf(robot.id)).toHaveLength(3_003);
});

it.each([
  ['fail', () => line.answer({ to: /\/query/, status: 500 })],
  ['take for ever', () => hold(/\/query/)],
])('look-ups that %s affect only the robot that needs them', async (_, spoil) => {
  const robot = await pair();
  const others = [await pair(), await pair()];
  spoil();
  const [logs, ...metrics] = await Promise.all([
    api.report(robot.token, 'syslog message="x"'),
    ...others.map(({ token }) => api.report(token, 'm v=1')),
  ]);
  hold(undefined);
  expect(metrics.map(({ status }) => status)).toEqual([204, 204]);
  expect([logs.status, logs.body.code]).toEqual([503, 'store_unavailable']);
  expect((await api.report(robot.token, 'syslog message="x"')).status).toBe(204);
  expect(await messagesOf(robot.id)).toEqual(['x']);
});
