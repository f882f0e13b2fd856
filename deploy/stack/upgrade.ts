import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measuring } from './measuring-robot.ts';
import { containers, type Running, service, wait } from './running.ts';
import { supersetApi } from './superset-api.ts';

export function upgradeTests(given: () => Running): void {
  describe('up, once more', () => {
    it('changes nothing', async () => {
      const running = async () =>
        (await containers(given().stack))
          .filter(({ State }) => State.Status === 'running')
          .map(({ Name, State }) => `${Name} ${State.Pid}`);
      const before = await running();
      const { objects } = supersetApi(given());
      const shown = await objects();
      await given().stack.compose('up', '--detach', '--wait');
      expect((await running()).sort()).toEqual(before.sort());
      expect(await objects()).toEqual(shown);
      expect(await given().client.signIn()).toEqual(expect.any(String));
    });
  });

  describe('upgrade', () => {
    const version = async () => (await given().client.call('GET', '/server')).body.version;
    const release = (name: string) => {
      const file = join(given().stack.dir, '../package.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": ".*"/, `"version": "${name}"`));
    };
    const tables = () =>
      given().stack.compose('exec', '-T', 'postgres', 'psql', '-XAtqU', 'postgres', '-d', 'robowatch', '-c', '\\dt');

    it('to a release whose migration fails changes nothing, and the former one goes on', async () => {
      const migrations = join(given().stack.dir, '../apps/api/src/db/migrations');
      const bad = join(migrations, '9999-bad.ts');
      const [before, was] = [await tables(), await version()];
      writeFileSync(
        bad,
        `import { type Kysely, sql } from 'kysely';
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql\`create table half_done (id int)\`.execute(db);
  await sql\`select 1 / 0\`.execute(db);
}
`,
      );
      await expect(given().stack.run('./upgrade')).rejects.toThrow('the former release goes on');
      rmSync(bad);
      expect(await tables()).toBe(before);
      await expect.poll(version, wait).toBe(was);
      expect(await given().client.signIn()).toEqual(expect.any(String));
    });

    it('makes a backup, then replaces the server and runs its jobs with the new version', async () => {
      const folder = join(given().stack.dir, 'backups');
      const backups = () => (existsSync(folder) ? readdirSync(folder).length : 0);
      const before = backups();
      release('9.9.9');
      await measuring(given(), '24494897', async () => {
        await given().stack.run('./upgrade');
      });
      expect(await version()).toBe('9.9.9');
      expect(backups()).toBe(before + 1);
      const images = (await containers(given().stack))
        .filter((container) => ['api', 'migrate', 'influxdb-setup'].includes(service(container)))
        .map(({ Image }) => Image);
      expect(images).toHaveLength(3);
      expect(new Set(images).size).toBe(1);
    });
  });
}
