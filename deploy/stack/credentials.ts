import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

const VIEWS = ['fleet_days', 'robot_days', 'robot_disks', 'robot_hours', 'robot_states'];

/** The table of credentials in docs/operations.md: that each may do its work, and no more. Superset's are in superset.ts. */
export function credentialTests(given: () => Running): void {
  const secret = (name: string) => readFileSync(join(given().stack.dir, 'secrets', name), 'utf8');
  /** What psql prints, errors included, for each statement on its own. */
  const psql = async (role: string, passwordFile: string, database: string, ...statements: string[]) => {
    const run = [
      'run',
      '--rm',
      '--env',
      'PGPASSWORD',
      '--network',
      'robowatch_api-data',
      'postgres:18-trixie',
      'sh',
      '-c',
    ];
    const each = `for statement; do psql -XAtq -h postgres -U ${role} -d ${database} -c "$statement" 2>&1; echo ---; done`;
    const env = { PGPASSWORD: secret(passwordFile) };
    const output = await given().stack.docker([...run, each, 'sh', ...statements], { env });
    return output.split(/---\n?/).map((answer) => answer.trim());
  };
  const redis = (user: string, passwordFile: string | undefined, ...command: string[]) => {
    const cli = ['exec', '--env', 'REDISCLI_AUTH', 'robowatch-redis-1', 'redis-cli', '--user', user];
    const env = { REDISCLI_AUTH: passwordFile ? secret(passwordFile) : 'none' };
    return given()
      .stack.docker([...cli, ...command], { env })
      .catch((error: Error) => error.message);
  };
  /** The status with which InfluxDB answers a token of the server. */
  const influx = async (token: 'writer' | 'reader', method: string, path: string, body = '') => {
    const ask = `fetch('http://influxdb:8086/api/v2/' + ${JSON.stringify(path)}, { method: '${method}', ${body && `body: ${JSON.stringify(body)},`}
      headers: { authorization: 'Token ' + require('fs').readFileSync('/run/metrics-${token}/token', 'utf8').trim(),
        'content-type': ${body.startsWith('{') ? "'application/json'" : "'application/vnd.flux'"} } })
      .then(async (reply) => console.log(reply.status, (await reply.text()).slice(0, 4000)))`;
    return given().stack.docker(['exec', 'robowatch-api-1', 'node', '-e', ask]);
  };
  const FLUX = 'from(bucket: "robots") |> range(start: -1h) |> limit(n: 1)';

  describe('each credential may do its work, and no more', () => {
    it("Grafana's role of PostgreSQL: reads the views", async () => {
      const role = (...statements: string[]) =>
        psql('robowatch_grafana', 'grafana-database-password', 'robowatch', ...statements);
      const counts = await role(...VIEWS.map((view) => `select count(*) >= 0 from ${view}`));
      expect(counts.slice(0, VIEWS.length)).toEqual(VIEWS.map(() => 't'));
      const [names = ''] = await role(
        "select string_agg(relname, ' ') from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
      );
      const tables = names.split(' ');
      expect(tables).toEqual(expect.arrayContaining(['users', 'robots', 'sessions']));
      const answers = await role(...tables.map((table) => `select * from ${table}`));
      for (const [i, table] of tables.entries()) expect(answers[i], table).toContain('permission denied');
      const writes = await role(
        'begin read write; create table mine ()',
        'begin read write; create temporary table mine ()',
        "begin read write; update robot_states set robot = 'x'",
        "select pg_read_file('/etc/passwd')",
        "begin read write; select lo_from_bytea(0, 'x'); commit",
        'select pg_advisory_lock(1)',
      );
      for (const answer of writes.slice(0, 6)) expect(answer).toMatch(/permission denied|cannot/);
      for (const database of ['superset', 'postgres'])
        expect(await psql('robowatch_grafana', 'grafana-database-password', database, 'select 1')).toContainEqual(
          expect.stringContaining('permission denied for database'),
        );
    });

    it("the server's role of PostgreSQL: owns its database, and is nobody elsewhere", async () => {
      const [own, ...refused] = await psql(
        ...(['robowatch', 'api-database-password', 'robowatch'] as const),
        'select count(*) >= 0 from users',
        "create role mine login password 'x'",
        'create database mine',
        "copy (select 1) to program 'id'",
        'alter role robowatch_bi superuser',
        'select passwd from pg_shadow',
      );
      expect(own).toBe('t');
      for (const answer of refused.slice(0, 5)) expect(answer).toMatch(/permission denied|must be|Only roles/i);
      const [foreign] = await psql('robowatch', 'api-database-password', 'superset', 'select 1');
      expect(foreign).toContain('permission denied for database');
      const [theirs] = await psql('superset', 'superset-database-password', 'robowatch', 'select 1');
      expect(theirs).toContain('permission denied for database');
    });

    it("InfluxDB's two tokens: one writes the bucket, the other reads it", async () => {
      const write = 'write?org=robowatch&bucket=robots&precision=s';
      expect(await influx('writer', 'POST', write, 'stack_test,robot_id=0 v=1')).toMatch(/^204/);
      expect(await influx('writer', 'POST', 'query?org=robowatch', FLUX)).not.toContain('_value');
      expect(await influx('reader', 'POST', 'query?org=robowatch', FLUX)).toMatch(/^200/);
      expect(await influx('reader', 'POST', write, 'stack_test,robot_id=0 v=1')).toMatch(/^(401|403|404)/);
      const bucket = JSON.stringify({ orgID: '0'.repeat(16), name: 'mine' });
      for (const token of ['writer', 'reader'] as const) {
        expect(await influx(token, 'POST', 'buckets', bucket), token).toMatch(/^(400|401|403|404)/);
        expect(await influx(token, 'POST', 'write?org=robowatch&bucket=_monitoring', 'm v=1'), token).toMatch(
          /^(401|403|404)/,
        );
        expect(await influx(token, 'GET', 'authorizations'), token).not.toMatch(/"token":/);
      }
    });

    it("the server's user of Redis: its own keys, and no dangerous commands; nobody gets in without a password", async () => {
      const api = (...command: string[]) => redis('api', 'api-redis-password', ...command);
      expect(await api('set', 'robowatch:stack-test', '1', 'EX', '5')).toContain('OK');
      for (const command of [
        ['get', 'superset:x'],
        ['flushall'],
        ['keys', '*'],
        ['config', 'get', '*'],
        ['acl', 'list'],
        ['debug', 'sleep', '0'],
      ])
        expect(await api(...command), command.join(' ')).toMatch(/NOPERM|not allowed/);
      expect(await redis('default', undefined, 'ping')).toMatch(/WRONGPASS|NOAUTH|disabled/);
      expect(await redis('health', undefined, 'get', 'robowatch:stack-test')).toMatch(/NOPERM|WRONGPASS|NOAUTH/);
    });
  });
}
