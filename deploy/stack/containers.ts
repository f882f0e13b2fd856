import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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

    it('has no secret in its environment, its arguments or its log', async () => {
      const { stdout } = await promisify(execFile)(
        'sh',
        ['-c', 'cat secrets/*[!s] secrets/edge/*.key | grep -oE "[0-9a-f]{64}"'],
        {
          cwd: given().stack.dir,
        },
      );
      const secrets = [...new Set(stdout.trim().split('\n'))];
      expect(secrets.length).toBeGreaterThan(10);
      const seen = [
        JSON.stringify(await containers(given().stack)),
        await given().stack.compose('logs'),
        ...(await Promise.all(
          (
            await containers(given().stack)
          )
            .filter(({ State }) => State.Status === 'running')
            .map(({ Name }) => given().stack.docker(['top', Name.slice(1), '-eo', 'pid,args'])),
        )),
      ].join('\n');
      for (const secret of secrets) expect(seen.includes(secret)).toBe(false);
    });
  });
}
