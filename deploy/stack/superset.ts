import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

export function supersetTests(given: () => Running): void {
  const secret = (name: string) => readFileSync(join(given().stack.dir, 'secrets', name), 'utf8');
  const api = (path: string, token?: string, body?: object) =>
    given().client.send(`https://${given().stack.address}:9300${path}`, { token, body });
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
    const cli = ['exec', '--env', 'REDISCLI_AUTH', 'robowatch-redis-1', 'redis-cli', '--user', 'superset'];
    const env = { REDISCLI_AUTH: secret('superset-redis-password') };
    return given().stack.docker([...cli, ...command], { env });
  };

  describe('Superset', () => {
    it('lets its administrator in, and knows the views', async () => {
      const login = { username: 'admin', password: secret('superset-admin-password'), provider: 'db' };
      const wrong = await api('/api/v1/security/login', undefined, { ...login, password: 'admin' });
      expect(wrong.status).toBe(401);
      const { access_token } = (await api('/api/v1/security/login', undefined, login)).body;
      const { body } = await api('/api/v1/database/', access_token);
      expect(body.result).toMatchObject([{ database_name: 'Robowatch', allow_dml: false }]);
      const query = 'q=(force:!t,schema_name:public)';
      const tables = (await api(`/api/v1/database/${body.result[0].id}/tables/?${query}`, access_token)).body.result;
      const views = tables.filter(({ type }: { type: string }) => type === 'view');
      expect(views.map(({ value }: { value: string }) => value).sort()).toEqual([
        ...['fleet_days', 'robot_days', 'robot_disks', 'robot_hours', 'robot_states'],
      ]);
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

    it('has sessions and caches in Redis, and may neither see others’ keys nor do harm there', async () => {
      await given().client.get(`https://${given().stack.address}:9300/login/`);
      const keys = (await redis('--scan', '--pattern', 'superset:*')).trim().split('\n');
      expect(keys).toContainEqual(expect.stringMatching(/^superset:session:/));
      for (const command of [['get', 'robowatch:login-address:x'], ['flushall'], ['keys', '*'], ['config', 'get', '*']])
        expect(await redis(...command), command.join(' ')).toContain('NOPERM');
    });
  });
}
