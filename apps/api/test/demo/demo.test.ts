import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';
import { useTestApi } from '../support/test-api.ts';

const DIR = mkdtempSync(join(tmpdir(), 'robowatch-demo-'));
const FILE = join(DIR, 'demo-robots.json');
const NAMES = ['arm-bench', 'courier-01', 'greenhouse', 'rover-north', 'scout-mini'];
let server: ServerProcess;
let admin: string;

const start = async (args: string[] = [], env: Record<string, string> = {}) => {
  server = await launch({ env: { DATA_DIR: DIR, PAIR_POLL_INTERVAL: '1', ...env }, args });
};
const read = async (path: string, token = admin) => (await server.call('GET', path, { token })).body;
const robots = async (token = admin) => (await read('/robots?sort=name', token)).items;
const ids = async () => (await robots()).map((robot: { id: number }) => robot.id);
const wait = { timeout: 60_000, interval: 500 };

beforeAll(() => start(['--demo'], { ADMIN_EMAIL: '', ADMIN_PASSWORD: '' }));
afterAll(async () => {
  await server?.end();
  rmSync(DIR, { recursive: true, force: true });
});

describe('npm run demo', () => {
  it('gives the first administrator five reporting robots, with history and logs', async () => {
    const says = (text: string) => expect.poll(() => server.output(), wait).toContain(text);
    await says('start once the first administrator has been created');
    const token = /setup#(\S+)/.exec(server.output())?.[1];
    const body = { token, email: 'admin@lab.example', name: 'Admin', password: 'correct horse battery' };
    expect((await server.call('POST', '/auth/setup', { body })).status).toBe(201);
    admin = await server.signIn();
    await expect
      .poll(async () => (await robots()).filter((robot: { online: boolean }) => robot.online).length, wait)
      .toBe(5);
    const shown = await robots();
    await says('they belong to admin@lab.example');
    expect(shown.map((robot: { name: string }) => robot.name)).toEqual(NAMES);
    for (const robot of shown) {
      expect(Object.entries(robot.latest).filter(([, figure]) => figure === null)).toEqual([]);
      const { series } = await read(`/robots/${robot.id}/metrics/cpu?fields=usage_idle&from=-1h&every=60s`);
      expect(series[0].points.length).toBeGreaterThan(30);
      expect((await read(`/robots/${robot.id}/logs?from=-1h`)).items.length).toBeGreaterThan(5);
    }
    expect(await read('/demo')).toEqual({ robots: 5 });
    expect(statSync(FILE).mode & 0o777).toBe(0o600);
  });

  it('resumes the same robots after a restart, except one that was removed', async () => {
    const before = await ids();
    const [removed, ...left] = before;
    await server.call('DELETE', `/robots/${removed}`, { token: admin });
    await expect.poll(() => read('/demo'), wait).toEqual({ robots: 4 });
    expect(await server.end()).toBe(0);
    const stopped = Date.now();
    await start();
    admin = await server.signIn();
    const seen = async () =>
      (await robots()).map((robot: { last_seen_at: string }) => Date.parse(robot.last_seen_at) > stopped);
    await expect.poll(seen, wait).toEqual([true, true, true, true]);
    expect(await ids()).toEqual(left);
    expect((await server.call('POST', '/demo', { token: admin })).body.code).toBe('demo_running');
  });

  it('keeps a deactivated robot waiting, and receives its reports again once it is reactivated', async () => {
    const [id] = await ids();
    const change = (status: string) => server.call('PATCH', `/robots/${id}`, { token: admin, body: { status } });
    await change('inactive');
    const off = Date.now();
    await expect.poll(() => Date.now() - off, { timeout: 12_000 }).toBeGreaterThan(7_000);
    expect(await read('/demo')).toEqual({ robots: 4 });
    const on = Date.now();
    await change('active');
    await expect.poll(async () => Date.parse((await read(`/robots/${id}`)).last_seen_at), wait).toBeGreaterThan(on);
  });
});

describe('the demonstration', () => {
  it('is one fleet, even if requested twice at once; only its owner and administrators can end it', async () => {
    expect((await server.call('DELETE', '/demo', { token: admin })).status).toBe(204);
    expect(await ids()).toEqual([]);
    expect(() => readFileSync(FILE)).toThrow('ENOENT');

    const password = 'correct horse battery';
    const person = async (email: string) => {
      await server.call('POST', '/users', { token: admin, body: { email, name: email, password } });
      return server.signIn(email);
    };
    const [owner, stranger] = [await person('owner@lab.example'), await person('stranger@lab.example')];
    const asked = await Promise.all([1, 2, 3, 4].map(() => server.call('POST', '/demo', { token: owner })));
    expect(asked.map((reply) => reply.status).sort()).toEqual([202, 409, 409, 409]);
    expect(asked.find((reply) => reply.status === 202)?.body).toEqual({ robots: 5 });
    await expect.poll(async () => (await robots(owner)).length, wait).toBe(5);
    expect(await robots(stranger)).toEqual([]);
    expect((await server.call('DELETE', '/demo', { token: stranger })).status).toBe(404);
    expect((await server.call('DELETE', '/demo')).status).toBe(401);
    const ended = await Promise.all([1, 2].map(() => server.call('DELETE', '/demo', { token: owner })));
    expect(ended[0]?.status).toBe(204);
    expect(await robots(owner)).toEqual([]);
    expect(await read('/demo')).toEqual({ robots: 0 });
  });

  it('leaves nothing behind when stopped while pairing', async () => {
    expect((await server.call('POST', '/demo', { token: admin })).status).toBe(202);
    expect((await server.call('DELETE', '/demo', { token: admin })).status).toBe(204);
    // A pairing request that was in flight is never confirmed, and expires.
    expect((await robots()).filter(({ status }: { status: string }) => status !== 'pending')).toEqual([]);
    expect((await server.call('POST', '/demo', { token: admin })).status).toBe(202);
    expect(await server.end()).toBe(0);
  });
});

describe('with an external database', () => {
  const api = useTestApi();
  it('no demonstration robots are offered', async () => {
    const { token } = await api.person('admin');
    expect((await api.call('GET', '/server')).body.demo).toBe(false);
    expect((await api.call('GET', '/demo', { token })).body).toEqual({ robots: 0 });
    expect((await api.call('POST', '/demo', { token })).body.code).toBe('not_found');
    expect((await api.call('DELETE', '/demo', { token })).status).toBe(404);
  });

  it('npm run demo says that it needs the embedded one', async () => {
    const { config } = api.deps();
    const env = { DATABASE_URL: config.database.url as string, SECRET_KEY: config.secretKey };
    const refused = await launch({ env, args: ['--demo'] });
    expect(refused.output()).toBe('Demonstration robots need the embedded database: unset DATABASE_URL.\n');
  });
});
