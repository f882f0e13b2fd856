import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containers, type Running, service } from './running.ts';

export function containerTests(given: () => Running): void {
  describe('every container', () => {
    it('runs unprivileged, with limits, on a read-only file system; jobs have ended well', async () => {
      const all = await containers(given().stack);
      expect(all.length).toBeGreaterThan(9);
      for (const container of all) {
        const name = service(container);
        expect(container.HostConfig, name).toMatchObject({
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          CapAdd: null,
          SecurityOpt: ['no-new-privileges:true'],
          LogConfig: { Type: 'json-file', Config: { 'max-size': '10m' } },
        });
        const { Memory, NanoCpus, PidsLimit, RestartPolicy } = container.HostConfig;
        expect([Memory > 0, NanoCpus > 0, PidsLimit > 0], name).toEqual([true, true, true]);
        expect(Number.parseInt(container.Config.User, 10), name).toBeGreaterThan(0);
        const { Status, ExitCode } = container.State;
        if (RestartPolicy.Name === 'no') expect([Status, ExitCode], name).toEqual(['exited', 0]);
        else expect([Status, RestartPolicy.Name], name).toEqual(['running', 'unless-stopped']);
        expect(Object.keys(container.HostConfig.PortBindings ?? {}).length > 0, name).toBe(name === 'edge');
      }
    });

    it('starts with code that was compiled with the image, and that it cannot write', async () => {
      const { compose } = given().stack;
      const inApi = (...command: string[]) =>
        compose('exec', '-T', '-e', 'NODE_DEBUG_NATIVE=COMPILE_CACHE', 'api', 'sh', '-c', ...command);
      const loaded = await inApi('node apps/api/src/start.js --compile 2>&1 | grep "reading cache"');
      const lines = loaded.trim().split('\n');
      expect(lines.length).toBeGreaterThan(1000);
      expect(lines.filter((line) => !line.includes('success'))).toEqual([]);
      expect((await inApi('find compile-cache -writable; find compile-cache ! -readable')).trim()).toBe('');
    });

    it('has no secret in its environment, its arguments or its log', async () => {
      const files = readdirSync(join(given().stack.dir, 'secrets'), { recursive: true, withFileTypes: true });
      const texts = files
        .filter((file) => file.isFile() && !/\.crt$|redis-users/.test(file.name))
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
      const secrets = texts.flatMap((text) => text.match(/[0-9a-f]{64}|[\w+/]{64}/g) ?? []);
      expect(secrets.length).toBeGreaterThan(10);
      const all = await containers(given().stack);
      const running = all.filter(({ State }) => State.Status === 'running').map(({ Name }) => Name.slice(1));
      const seen = [
        JSON.stringify(all),
        await given().stack.compose('logs'),
        ...(await Promise.all(running.map((name) => given().stack.docker(['top', name, '-eo', 'pid,args'])))),
      ].join('\n');
      for (const secret of secrets) expect(seen.includes(secret)).toBe(false);
    });
  });
}
