import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containers, type Running, service } from './running.ts';

export function upgradeTests(given: () => Running): void {
  describe('up, once more', () => {
    it('changes nothing', async () => {
      const running = async () =>
        (await containers(given().stack))
          .filter(({ State }) => State.Status === 'running')
          .map(({ Name, State }) => `${Name} ${State.Pid}`);
      const before = await running();
      await given().stack.compose('up', '--detach', '--wait');
      expect((await running()).sort()).toEqual(before.sort());
      expect(await given().client.signIn()).toEqual(expect.any(String));
    });

    it('of another version, replaces the server and runs its jobs with that version', async () => {
      const { dir, compose } = given().stack;
      const file = join(dir, '../package.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": ".*"/, '"version": "9.9.9"'));
      await compose('up', '--detach', '--wait');
      expect((await given().client.call('GET', '/server')).body.version).toBe('9.9.9');
      const images = (await containers(given().stack))
        .filter((container) => ['api', 'migrate', 'influxdb-setup'].includes(service(container)))
        .map(({ Image }) => Image);
      expect(images).toHaveLength(3);
      expect(new Set(images).size).toBe(1);
      expect(await given().client.signIn()).toEqual(expect.any(String));
    });
  });
}
