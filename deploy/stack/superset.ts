import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import { chartsOf } from '../superset/dashboard.ts';
import { openDashboard, signInByWebApp } from '../superset/in-browser.ts';
import { uuidOf } from '../superset/uuid-of.ts';
import { assetFiles, DASHBOARDS } from '../superset/write-assets.ts';
import { PERSON } from './client.ts';
import type { Running } from './running.ts';
import { supersetApi } from './superset-api.ts';

export function supersetTests(given: () => Running): void {
  const superset = () => supersetApi(given());
  const secret = (name: string) => superset().secret(name);
  /** What psql prints when Superset's role runs a statement, errors included. */
  const asReader = (statement: string) => {
    const run = ['run', '--rm', '--env', 'PGPASSWORD', '--network', 'robowatch_superset-data', 'postgres:18-trixie'];
    const psql = ['psql', '-XAtq', '-h', 'postgres', '-U', 'robowatch_bi', '-d', 'robowatch', '-c', statement];
    const env = { PGPASSWORD: secret('bi-database-password') };
    return given()
      .stack.docker([...run, ...psql], { env })
      .catch((error: Error) => error.message);
  };
  const redis = (...command: string[]) => {
    const cli = ['exec', '--env', 'REDISCLI_AUTH', 'robowatch-redis-superset-1', 'redis-cli', '--user', 'superset'];
    const env = { REDISCLI_AUTH: secret('superset-redis-password') };
    return given().stack.docker([...cli, ...command], { env });
  };

  describe('Superset', () => {
    it('lets its administrator in, and knows the views', async () => {
      const { headers } = await given().client.get(`https://${given().stack.address}:9300/login/`);
      // No page may ask anything of another host.
      expect(headers.get('content-security-policy')).toMatch(/img-src 'self'/);
      expect(headers.get('content-security-policy')).not.toMatch(/https?:|\w\.\w/);
      const { call, logIn } = superset();
      expect((await logIn('admin')).status).toBe(401);
      const { access_token } = (await logIn()).body;
      const { body } = await call('/api/v1/database/', access_token);
      expect(body.result).toMatchObject([{ database_name: 'Robowatch', allow_dml: false }]);
      const query = 'q=(force:!t,schema_name:public)';
      const tables = (await call(`/api/v1/database/${body.result[0].id}/tables/?${query}`, access_token)).body.result;
      const views = tables.filter(({ type }: { type: string }) => type === 'view');
      expect(views.map(({ value }: { value: string }) => value).sort()).toEqual([
        ...['fleet_days', 'robot_days', 'robot_disks', 'robot_hours', 'robot_states'],
      ]);
    });

    it('shows a dashboard to whoever has signed in to the web app, with links to that', async () => {
      const { url, call, logIn, objects } = superset();
      const generated = (await objects()).filter((one) => !one.startsWith('database'));
      expect(generated).toHaveLength(Object.keys(assetFiles()).length);
      const browser = await launchChromium();
      const page = await signInByWebApp(browser, url, PERSON);
      for (const dashboard of DASHBOARDS.slice(0, 1)) {
        const keys = Object.keys(chartsOf(dashboard));
        const { shown, errors } = await openDashboard(page, dashboard.slug, keys.length);
        expect(errors).toEqual([]);
        expect([...shown.values()].map(({ status }) => status)).toEqual(keys.map(() => 200));
      }
      await browser.close();

      const { client } = given();
      const { id: robotId } = await client.pair(await client.signIn(), '57721566');
      const [, id] = generated.find((one) => one.endsWith(uuidOf('dataset', 'robot_states')))?.split(' ') ?? [];
      const filters = [{ col: 'robot_id', op: '==', val: robotId }];
      const query = { columns: ['robot_page'], metrics: [], filters, row_limit: 10 };
      const { access_token } = (await logIn()).body;
      const asked = { datasource: { id: Number(id), type: 'table' }, queries: [query] };
      const robots = (await call('/api/v1/chart/data', access_token, asked)).body.result[0].data;
      const link = expect.stringContaining(`<a href="${given().stack.url}/robots/${robotId}"`);
      expect(robots).toEqual([{ robot_page: link }]);
    });

    it('reads those views, and nothing else', async () => {
      for (const view of ['fleet_days', 'robot_days', 'robot_disks', 'robot_hours', 'robot_states'])
        expect(await asReader(`select count(*) >= 0 from ${view}`), view).toBe('t');
      const tables = await asReader(
        "select string_agg(format('%I', relname), ' ') from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
      );
      expect(tables.split(' ')).toEqual(expect.arrayContaining(['users', 'robots', 'sessions', 'pair_codes']));
      for (const table of tables.split(' '))
        expect(await asReader(`select * from ${table}`), table).toContain(`permission denied for table ${table}`);
      expect(await asReader('begin read write; create table mine ()')).toContain('permission denied for schema public');
      expect(await asReader('begin read write; create temporary table mine ()')).toContain('permission denied');
      expect(await asReader("copy (select 1) to program 'id'")).toContain('permission denied');
    });

    it('has sessions and caches in a Redis of its own, and may do no harm there', async () => {
      await given().client.get(`https://${given().stack.address}:9300/login/robowatch`);
      const keys = (await redis('--scan', '--pattern', 'superset:*')).trim().split('\n');
      expect(keys).toContainEqual(expect.stringMatching(/^superset:session:/));
      for (const command of [['get', 'robowatch:login-address:x'], ['flushall'], ['keys', '*'], ['config', 'get', '*']])
        expect(await redis(...command), command.join(' ')).toContain('NOPERM');
    });

    it('can fill that, and drops none of the server’s counters by it', async () => {
      const cli = ['exec', '--env', 'REDISCLI_AUTH', 'robowatch-redis-1', 'redis-cli', '--user', 'api'];
      const api = (...command: string[]) =>
        given().stack.docker([...cli, ...command], { env: { REDISCLI_AUTH: secret('api-redis-password') } });
      await api('set', 'robowatch:stack-test', 'here', 'EX', '600');
      const set = "redis.call('set', 'superset:x' .. ARGV[1], string.rep('x', 8000000), 'EX', 60)";
      // One by one: within a script, nothing is dropped.
      for (let n = 1; n <= 40; n++) await redis('eval', set, '0', String(n));
      expect(await redis('info', 'stats')).toMatch(/evicted_keys:[1-9]/);
      expect(await api('get', 'robowatch:stack-test')).toContain('here');
    });
  });
}
