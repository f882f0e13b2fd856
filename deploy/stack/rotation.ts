import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { uuidOf } from '../superset/uuid-of.ts';
import { measuring } from './measuring-robot.ts';
import { knowsApp } from './openid.ts';
import type { Running } from './running.ts';
import { supersetApi } from './superset-api.ts';

const ROLES = { api: 'robowatch', bi: 'robowatch_bi', grafana: 'robowatch_grafana', superset: 'superset' };

export function rotationTests(given: () => Running): void {
  const secret = (name: string) => readFileSync(join(given().stack.dir, 'secrets', name), 'utf8').trim();
  /** Whether PostgreSQL, Redis and InfluxDB let these in. */
  const letIn = async (credentials: ReturnType<typeof all>) => {
    const { docker } = given().stack;
    const answers: Record<string, boolean> = {};
    const network = ['--network', 'robowatch_api-data'];
    for (const [role, password] of Object.entries(credentials.postgres)) {
      const database = role === 'superset' ? 'superset' : role === 'postgres' ? 'postgres' : 'robowatch';
      const psql = [
        'postgres:18-trixie',
        'psql',
        '-XAtq',
        '-h',
        'postgres',
        '-U',
        role,
        '-d',
        database,
        '-c',
        'select 1',
      ];
      const tried = docker(['run', '--rm', ...network, '--env', 'PGPASSWORD', ...psql], {
        env: { PGPASSWORD: password },
      });
      answers[role] = await tried.then((output) => output.trim() === '1').catch(() => false);
    }
    for (const [user, password] of Object.entries(credentials.redis)) {
      const cli = [
        'exec',
        '--env',
        'REDISCLI_AUTH',
        user === 'api' ? 'robowatch-redis-1' : 'robowatch-redis-superset-1',
        'redis-cli',
        '--user',
        user,
        'get',
        `${user === 'api' ? 'robowatch' : user}:x`,
      ];
      const said = await docker(cli, { env: { REDISCLI_AUTH: password } }).catch((error: Error) => error.message);
      answers[user] = !/NOAUTH|WRONGPASS|AUTH failed/.test(said);
    }
    for (const [name, token] of Object.entries(credentials.influx)) {
      const curl =
        'curl -s -o /dev/null -w %{http_code} -H "Authorization: Token $TOKEN" http://127.0.0.1:8086/api/v2/buckets';
      const run = ['exec', '--env', 'TOKEN', 'robowatch-influxdb-1', 'sh', '-c', curl];
      answers[name] = (await docker(run, { env: { TOKEN: token } })).trim() === '200';
    }
    return answers;
  };
  const all = () => ({
    postgres: {
      postgres: secret('postgres-password'),
      ...Object.fromEntries(Object.entries(ROLES).map(([name, role]) => [role, secret(`${name}-database-password`)])),
    },
    redis: { api: secret('api-redis-password'), superset: secret('superset-redis-password') },
    influx: { admin: secret('influxdb-admin-token') },
  });
  const everybody = (value: boolean) =>
    Object.fromEntries(['postgres', ...Object.values(ROLES), 'api', 'superset', 'admin'].map((name) => [name, value]));
  const token = (name: 'writer' | 'reader') =>
    given().stack.docker(['exec', 'robowatch-api-1', 'cat', `/run/metrics-${name}/token`]);
  const superset = async (password: string) => {
    const body = { username: 'admin', password, provider: 'db' };
    return (await given().client.send(`https://${given().stack.address}:9300/api/v1/security/login`, { body })).status;
  };

  describe('rotating the key that says who looks in Superset', () => {
    it('never makes Superset show that there are no robots', async () => {
      const { client } = given();
      await client.pair(await client.signIn(), '31415926');
      const { call, logIn, objects } = supersetApi(given());
      const { access_token } = (await logIn()).body;
      const found = (await objects()).find((one) => one.endsWith(uuidOf('dataset', 'robot_states')));
      const query = { columns: ['robot'], metrics: [], filters: [], row_limit: 10 };
      const datasource = { id: Number(found?.split(' ')[1]), type: 'table' };
      const ask = () => call('/api/v1/chart/data', access_token, { datasource, queries: [query], force: true });
      const shown = new Map<string, number>();
      const look = async () => {
        const { status, body } = await ask().catch(() => ({ status: 0, body: undefined }));
        const seen = status === 200 ? `${body.result[0].data.length > 0 ? 'robots' : 'none'}` : `${status}`;
        shown.set(seen, (shown.get(seen) ?? 0) + 1);
      };
      let isOver = false;
      const rotated = given()
        .stack.run('./rotate', 'bi-viewer-key')
        .finally(() => {
          isOver = true;
        });
      while (!isOver) await look();
      await rotated;
      await look();
      process.stdout.write(`\nSuperset's answers meanwhile: ${JSON.stringify([...shown])}\n`);
      expect(shown.get('robots')).toBeGreaterThan(1);
      expect(shown.has('none')).toBe(false);
      expect((await ask()).body.result[0].data.length).toBeGreaterThan(0);
    }, 300_000);
  });

  describe('rotating every secret', () => {
    it('loses nothing that the real Telegraf measures; the former ones are worth nothing', async () => {
      const { stack, client } = given();
      const names = [
        ...['secret-key', 'superset-secret-key', 'superset-admin-password', 'edge/intermediate.key', 'bi-viewer-key'],
      ];
      const apps = ['grafana', 'superset'] as const;
      const ofApps = () => apps.map((app) => secret(`oidc-${app}-secret`));
      const formerApps = ofApps();
      const former = all();
      const keys = names.map(secret);
      const tokens = [await token('writer'), await token('reader')];
      expect(await letIn(former)).toEqual(everybody(true));
      await measuring(given(), '22360679', async () => {
        await stack.run('./rotate', 'all');
      });
      expect(await letIn(former)).toEqual(everybody(false));
      expect(await letIn(all())).toEqual(everybody(true));
      for (const [i, name] of names.entries()) expect(secret(name), name).not.toBe(keys[i]);
      const renewed = [await token('writer'), await token('reader')];
      for (const one of tokens) expect(renewed).not.toContain(one);
      expect([await superset(keys[2] as string), await superset(secret(names[2] as string))]).toEqual([401, 200]);
      for (const [i, app] of apps.entries()) {
        expect(await knowsApp(given(), app, formerApps[i] as string)).toBe(false);
        expect(await knowsApp(given(), app, ofApps()[i] as string)).toBe(true);
      }
      expect(await client.signIn()).toEqual(expect.any(String));
      await stack.run('./doctor');
    }, 600_000);

    it('goes on where it was interrupted, and only one at a time', async () => {
      const { run, compose } = given().stack;
      // As it is when the server has been stopped, and the key that it would get is not written yet.
      await compose('stop', 'api');
      await run(
        'sh',
        '-c',
        ': >secrets/secret-key.next; cp -p secrets/influxdb-admin-token secrets/influxdb-admin-token.former',
      );
      const two = ['first', 'second'].map(() => run('./rotate', 'secret-key', 'influxdb-admin-token').catch(String));
      const said = await Promise.all(two);
      expect(said.filter((one) => one.includes('Done.'))).toHaveLength(1);
      expect(said.filter((one) => one.includes('is at work here'))).toHaveLength(1);
      expect(readdirSync(join(given().stack.dir, 'secrets')).filter((name) => /next|former|new/.test(name))).toEqual(
        [],
      );
      expect(await given().client.signIn()).toEqual(expect.any(String));
      await run('./doctor');
    });

    it('by a wrong name changes nothing', async () => {
      const before = all();
      await expect(given().stack.run('./rotate', 'secret-key', 'everything')).rejects.toThrow(
        'There is no secret everything',
      );
      expect(all()).toEqual(before);
    });
  });
}
