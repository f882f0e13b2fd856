import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measuring } from './measuring-robot.ts';
import type { Running } from './running.ts';

/** What changes by itself, whatever is restored: who is online and when which device was seen, who works on what, what is asked for, the hour that is being rolled up, a server's signs of life. */
const LIVING =
  /^(job_claims|server_watch|alert_watch|alert_absences|robot_presence|robot_devices|robot_activity|watched_fields|rollup_|hour_figures|day_figures|logs\|)/;
/** One statement for each table. Rows that end before `ends` are left out: they change or go when their time is over. */
const each = (what: string, ends: Date) => `select format('select %L, ${what} from public.%I t', relname, relname) ||
    case when attname is null then '' else format(' where %I > %L or %1$I is null', attname, '${ends.toISOString()}') end
  from pg_class left join pg_attribute on attrelid = pg_class.oid and attname in ('expires_at', 'undo_until')
  where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`;
const DIGEST = "md5(coalesce(string_agg(t::text, chr(10) order by t::text), ''''))";
const COUNT = 'count(*)';

export function backupTests(given: () => Running): void {
  const run = (script: string, ...args: string[]) => given().stack.run(script, ...args);
  const backups = () => readdirSync(join(given().stack.dir, 'backups')).sort();
  const psql = (database: string, statement: string) => {
    const command = ['exec', '-T', 'postgres', 'psql', '-XAtqU', 'postgres', '-d', database, '-c', statement];
    return given().stack.compose(...command);
  };
  /** A line for each table. */
  const tables = async (database: string, what: string, ends: Date) => {
    const statements = (await psql(database, each(what, ends))).trim().split('\n');
    const lines = (await psql(database, statements.join(' union all '))).trim().split('\n');
    return lines.filter((line) => !LIVING.test(line)).sort();
  };
  /** Every point of the bucket until a time, as text. */
  const points = async (until: Date) => {
    const flux = `from(bucket: "robots") |> range(start: 2020-01-01T00:00:00Z, stop: ${until.toISOString()})
      |> toString() |> group() |> keep(columns: ["_time", "_measurement", "_field", "_value", "robot_id", "cpu", "path", "interface"])`;
    const read = `fetch('http://influxdb:8086/api/v2/query?org=robowatch', { method: 'POST', body: ${JSON.stringify(flux)},
      headers: { authorization: 'Token ' + require('fs').readFileSync('/run/metrics-reader/token', 'utf8').trim(),
        accept: 'application/csv', 'content-type': 'application/vnd.flux' } })
      .then(async (reply) => process.stdout.write(await reply.text()))`;
    const csv = await given().stack.docker(['exec', 'robowatch-api-1', 'node', '-e', read]);
    const [header = '', ...lines] = csv.trim().split('\r\n');
    return [header, ...lines.sort()];
  };

  describe('a backup', () => {
    it('is made while the stack runs, and an empty stack has it all again: row by row, point by point', async () => {
      await measuring(given(), '31622776', async () => {
        await run('./backup');
      });
      // Now nothing reports: what there is at the next backup can be compared.
      expect(await run('./backup', '--keep', '1', '--with-secrets')).toMatch(/^backups\/\S+: \d/);
      // Those without secrets are kept, whatever --keep says of those with them.
      const [name = '', ...more] = backups().filter((one) =>
        existsSync(join(given().stack.dir, 'backups', one, 'secrets.tar')),
      );
      expect([more, backups().length > 1]).toEqual([[], true]);
      const folder = join(given().stack.dir, 'backups', name);
      for (const file of ['', 'robowatch.dump', 'secrets.tar'])
        expect(statSync(join(folder, file)).mode & 0o077, file).toBe(0);
      const now = new Date();
      const ends = new Date(now.getTime() + 600_000);
      // Superset's set-up writes its dashboards again.
      const all = async () => ({
        rows: await tables('robowatch', DIGEST, ends),
        superset: await tables('superset', COUNT, ends),
        points: await points(now),
      });
      const before = await all();
      expect(before.points.length).toBeGreaterThan(100);
      expect(before.rows.length).toBeGreaterThan(15);

      await given().stack.compose('down', '--volumes', '--timeout', '20');
      await run('rm', '-rf', 'secrets', 'certificates', '.env', 'api.env');
      expect(await run('./restore', `backups/${name}`)).toMatch(/Restored: \d+ robots/);

      const after = await all();
      // Each by itself: a difference among thousands of points would not be shown.
      expect(after.rows).toEqual(before.rows);
      expect(after.superset).toEqual(before.superset);
      expect(after.points).toEqual(before.points);
      expect(await given().client.signIn()).toEqual(expect.any(String));
    }, 600_000);

    it('is refused where there is data, or when it is damaged', async () => {
      const name = backups().at(-1);
      await expect(run('./restore', `backups/${name}`)).rejects.toThrow('This stack has data');
      const sums = 'find . -type f ! -name SHA256SUMS -exec sha256sum {} + >../sums; mv ../sums SHA256SUMS';
      await run(
        'sh',
        '-c',
        `cp -r backups/${name} backups/evil; cd backups/evil; ln -s /etc link; tar -rf secrets.tar link; rm link; ${sums}`,
      );
      await run('mv', '.env', 'kept.env');
      await expect(run('./restore', 'backups/evil')).rejects.toThrow('something that a backup does not have');
      await run('mv', 'kept.env', '.env');
      await run('sh', '-c', `printf x >>backups/${name}/superset.dump`);
      await expect(run('./restore', `backups/${name}`)).rejects.toThrow('damaged');
      await expect(run('./restore', 'backups')).rejects.toThrow('not a backup');
      expect(readFileSync(join(given().stack.dir, 'backups', String(name), 'about'), 'utf8')).toMatch(/^version \d/);
    });
  });
}
