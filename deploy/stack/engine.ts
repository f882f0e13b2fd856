import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

export function engineTests(given: () => Running): void {
  const docker = (args: string[]) => given().stack.docker(args);

  describe('the engine', () => {
    it('runs a container with an unprivileged user and no capabilities, and publishes its port', async () => {
      const page = 'echo "$(id -u) $(grep CapBnd /proc/self/status)" >/tmp/who; exec busybox httpd -f -p 8000 -h /tmp';
      const limits = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--user', '1000', '--memory', '64m'];
      await docker([
        'run',
        '--detach',
        '--name',
        'page',
        ...limits,
        '--publish',
        '9999:8000',
        'caddy:2.11.4',
        'sh',
        '-c',
        page,
      ]);
      const fetched = () => fetch(`http://${given().stack.address}:9999/who`).then((reply) => reply.text(), String);
      await expect.poll(fetched, { timeout: 20_000 }).toMatch(/^1000 CapBnd:\s0+\n$/);
      expect(await docker(['compose', 'version'])).toContain('v2.40.3');
      await docker(['rm', '--force', 'page']);
    });

    it('refuses to start the public Caddy without capabilities, as the public image does', async () => {
      const run = docker(['run', '--rm', '--cap-drop', 'ALL', '--user', '1000', 'caddy:2.11.4', 'caddy', 'version']);
      await expect(run).rejects.toThrow('operation not permitted');
    });
  });
}
