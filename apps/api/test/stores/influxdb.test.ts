import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { compose } from '../../src/composition.ts';
import { setUpInflux } from '../../src/stores/influxdb/setup.ts';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return { ...influx.settings, ROBOT_MAX_SERIES: '20', INGEST_LINGER_MS: '50', PAIR_REQUESTS_PER_ADDRESS: '10000' };
});
afterAll(() => influx?.stop());

interface Point {
  _measurement: string;
  _field: string;
  _value: unknown;
  _time: string;
  robot: string;
}
const values = async (robotId: number, measurement: string) =>
  ((await influx.pointsOf(robotId)) as Point[])
    .filter((point) => point._measurement === measurement)
    .map((point) => point._value);
const robots = async (count: number) => {
  const owner = await api.person();
  return Promise.all(Array.from({ length: count }, () => api.pairedRobot(owner)));
};

describe('in one batch', () => {
  it('a type conflict with another robot’s field affects only the offending line', async () => {
    const [first, hostile, other] = await robots(3);
    expect((await api.report(first?.token as string, 'motor rpm=1')).status).toBe(204);
    const [a, b, c] = await Promise.all([
      api.report(first?.token as string, 'motor rpm=2'),
      api.report(hostile?.token as string, 'ok,n=1 v=1\nmotor rpm="fast"\nok,n=2 v=2\nmotor rpm=5i'),
      api.report(
        other?.token as string,
        Array.from(
          { length: 100 },
          (_, i) => `motor,side=left rpm=${i} ${Date.now()}${String(i).padStart(6, '0')}`,
        ).join('\n'),
      ),
    ]);
    expect([a?.status, c?.status]).toEqual([204, 204]);
    expect(b?.status).toBe(422);
    expect(b?.body).toMatchObject({ accepted: 2, rejected: 2, rejected_lines: [2, 4] });
    expect(b?.body.reasons[0].reason).toContain('already exists as type float');
    expect(await values(hostile?.id as number, 'ok')).toEqual([1, 2]);
    expect(await values(hostile?.id as number, 'motor')).toEqual([]);
    expect(await values(other?.id as number, 'motor')).toHaveLength(100);
    expect(await values(first?.id as number, 'motor')).toEqual([1, 2]);
  });

  it('no robot can settle the type of a field that all robots share', async () => {
    const [hostile, honest] = await robots(2);
    expect((await api.report(hostile?.token as string, 'cpu,cpu=cpu-total usage_idle="x"')).status).toBe(400);
    expect((await api.report(honest?.token as string, 'cpu,cpu=cpu-total usage_idle=5i')).status).toBe(204);
    expect(await values(honest?.id as number, 'cpu')).toEqual([5]);
  });

  it('a robot with only type conflicts gets every one reported, however many there are', async () => {
    const [first, hostile, other] = await robots(3);
    await api.report(first?.token as string, 'arm angle=1');
    const lines = Array.from({ length: 600 }, (_, i) => `arm angle="${i}" ${Date.now()}${String(i).padStart(6, '0')}`);
    const [bad, good] = await Promise.all([
      api.report(hostile?.token as string, lines.join('\n')),
      api.report(other?.token as string, 'arm angle=2'),
    ]);
    expect(good?.status).toBe(204);
    expect(bad?.status).toBe(400);
    expect(bad?.body.rejected).toBe(600);
  });

  it('points older than the retention are reported, and the others are stored', async () => {
    const { url, org, bucket, adminToken } = influx;
    await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 86_400 });
    const [late, other] = await robots(2);
    const old = Date.now() - 3 * 86_400_000;
    const [bad, good] = await Promise.all([
      api.report(late?.token as string, `m v=1 ${old}\nm v=2 ${Date.now()}`, {}, '?precision=ms'),
      api.report(other?.token as string, 'm v=3'),
    ]);
    expect(bad?.body).toMatchObject({ status: 422, rejected_lines: [1] });
    expect(good?.status).toBe(204);
    expect(await values(late?.id as number, 'm')).toEqual([2]);
    await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 30 * 86_400 });
  });
});

describe('log entries of the same moment', () => {
  it('are all kept, even more than fit in a microsecond, and are not duplicated by another process', async () => {
    const [robot] = await robots(1);
    const token = robot?.token as string;
    const at = `${Math.floor(Date.now() / 1000)}000000000`;
    const body = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `syslog message="entry ${from + i}",level="info" ${at}`).join('\n');
    expect((await api.report(token, body(0, 1500))).status).toBe(204);
    expect((await api.report(token, body(0, 1500))).status).toBe(204);

    const deps = await compose(api.deps().config);
    const app = await buildApp(deps);
    const send = (payload: string) =>
      app.inject({ method: 'POST', url: '/api/metrics', headers: { authorization: `Bearer ${token}` }, payload });
    // In another order and with more entries, like a client that splits its backlog differently.
    expect((await send(`${body(700, 1600)}\n${body(0, 700)}`)).statusCode).toBe(204);
    await app.close();
    await deps.close();

    const messages = (await values(robot?.id as number, 'syslog')).filter((value) => value !== 'info');
    expect(messages).toHaveLength(1600);
    expect(new Set(messages).size).toBe(1600);
  });
});

describe('a robot', () => {
  it('that is renamed keeps one series', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner, 'before');
    const at = Math.floor(Date.now() / 60_000) * 60 - 120;
    await api.report(token, `m v=1 ${at}\nm v=3 ${at + 60}`, {}, '?precision=s');
    await api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { name: 'after' } });
    await api.report(token, 'n v=1');
    await api.report(token, `m v=5 ${at + 61}`, {}, '?precision=s');
    const read = await api.call('GET', `/robots/${id}/metrics/m?from=-10m&every=1m`, { token: owner.token });
    expect(read.body.series).toEqual([
      {
        field: 'v',
        tags: {},
        points: [
          [at * 1000, 1],
          [(at + 60) * 1000, 4],
        ],
      },
    ]);
    const names = ((await influx.pointsOf(id)) as Point[]).map((point) => point.robot);
    expect(new Set(names)).toEqual(new Set(['before', 'after']));
  });

  it('that invents tags is stopped exactly at its limit of series', async () => {
    const [inventive, other] = await robots(2);
    const token = inventive?.token as string;
    const line = (i: number) => `m,serial=${i} v=${i}`;
    const first = await api.report(token, Array.from({ length: 30 }, (_, i) => line(i)).join('\n'));
    expect(first.body).toMatchObject({ status: 422, accepted: 20, rejected: 10 });
    expect(first.body.reasons[0].reason).toContain('more than 20 series');
    expect((await api.report(token, line(3))).status).toBe(204);
    expect((await api.report(token, line(31))).status).toBe(400);
    expect((await api.report(other?.token as string, line(31))).status).toBe(204);
    expect(new Set(await values(inventive?.id as number, 'm')).size).toBe(20);
  });

  it('that is deactivated writes nothing once the request has returned', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    let off = false;
    const late: number[] = [];
    const writer = async (worker: number) => {
      for (let i = 0; i < 400; i++) {
        const wasOff = off;
        const { status } = await api.report(token, `m v=${worker * 1000 + i}`);
        if (wasOff) late.push(status);
        if (late.length > 40) return;
      }
    };
    const writers = Promise.all([1, 2, 3, 4].map(writer));
    await sleep(150);
    await api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { status: 'inactive' } });
    off = true;
    await writers;
    expect(late.length).toBeGreaterThan(40);
    expect(new Set(late)).toEqual(new Set([401]));
  });
});

it('a token revoked on one replica is invalid on the other, despite its cache', async () => {
  const deps = await compose(api.deps().config);
  const other = await buildApp(deps);
  const send = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await other.inject({ method: 'POST', url: '/api/metrics', headers, payload: 'm v=1' })).statusCode;
  };
  const owner = await api.person();
  const revoke = {
    deactivate: (id: number) =>
      api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { status: 'inactive' } }),
    rotate: (id: number) => api.call('POST', `/robots/${id}/token`, { token: owner.token }),
    delete: (id: number) => api.call('DELETE', `/robots/${id}`, { token: owner.token }),
  };
  for (const [how, call] of Object.entries(revoke)) {
    const { id, token } = await api.pairedRobot(owner);
    expect(await send(token), how).toBe(204);
    expect((await call(id)).status, how).toBeLessThan(300);
    expect(await send(token), how).toBe(401);
  }
  await other.close();
  await deps.close();
});

describe('a frozen InfluxDB', () => {
  it('makes the API answer 503 in time, and everything recovers with it', async () => {
    const [robot, other] = await robots(2);
    expect((await api.report(robot?.token as string, 'm v=1')).status).toBe(204);
    await influx.pause();
    const started = Date.now();
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => api.report((i % 2 ? robot : other)?.token as string, `m v=${i + 2}`)),
    );
    expect(Date.now() - started).toBeLessThan(4000);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
    expect(Number(replies[0]?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.call('GET', '/ready')).body).toMatchObject({ database: 'ok', metrics_store: 'unreachable' });

    // Listing and changing robots needs no metrics.
    const admin = await api.person('admin');
    const at = { token: admin.token };
    const path = `/robots/${robot?.id}`;
    const unknown = { cpu_percent: null, memory_percent: null, load1: null };
    const renamed = await api.call('PATCH', path, { ...at, body: { name: 'renamed meanwhile' } });
    expect([renamed.status, renamed.body]).toMatchObject([200, { name: 'renamed meanwhile', latest: unknown }]);
    expect((await api.call('GET', path, at)).body).toMatchObject({ name: 'renamed meanwhile', latest: unknown });
    const listed = await api.call('GET', `/robots?q=renamed`, at);
    expect(listed.body.items).toMatchObject([{ id: robot?.id, latest: unknown }]);
    influx.resume();
    await expect
      .poll(async () => (await api.report(robot?.token as string, 'm v=100')).status, { timeout: 15_000 })
      .toBe(204);
    expect((await api.call('GET', '/ready')).status).toBe(200);
  });

  it('refuses bodies before unpacking them if they could not be stored in time', async () => {
    const [waiting, broken] = await robots(2);
    await influx.pause();
    const replies: Promise<unknown>[] = [];
    const more = setInterval(() => replies.push(api.report(waiting?.token as string, `m v=${replies.length}`)), 50);
    const notGzip = () => api.report(broken?.token as string, 'not gzip', { 'content-encoding': 'gzip' });
    try {
      // If it were read, the reply would be 400.
      await expect.poll(async () => (await notGzip()).status, { timeout: 20_000, interval: 100 }).toBe(503);
    } finally {
      clearInterval(more);
      influx.resume();
    }
    await Promise.all(replies);
    await expect.poll(async () => (await notGzip()).status, { timeout: 20_000 }).toBe(400);
  });
});
