import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Docker, startDocker } from './docker.ts';
import { ensurePublicImages } from './public-images.ts';

let engine: Docker;
beforeAll(async () => {
  engine = await startDocker({ data: await ensurePublicImages() });
});
afterAll(() => engine?.stop());

it('runs a container with an unprivileged user and no capabilities, and publishes its port', async () => {
  const page = 'echo "$(id -u) $(grep CapBnd /proc/self/status)" >/tmp/who; exec busybox httpd -f -p 8000 -h /tmp';
  const limits = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--user', '1000', '--memory', '64m'];
  await engine.docker([
    'run',
    '--detach',
    '--name',
    'page',
    ...limits,
    '--publish',
    '9000:8000',
    'caddy:2.11.4',
    'sh',
    '-c',
    page,
  ]);
  const fetched = () => fetch(`http://${engine.address}:9000/who`).then((reply) => reply.text(), String);
  await expect.poll(fetched, { timeout: 20_000 }).toMatch(/^1000 CapBnd:\s0+\n$/);
  expect(await engine.docker(['compose', 'version'])).toContain('v2.40.3');
});

it('refuses to start the public Caddy without capabilities, as the public image does', async () => {
  const run = engine.docker(['run', '--rm', '--cap-drop', 'ALL', '--user', '1000', 'caddy:2.11.4', 'caddy', 'version']);
  await expect(run).rejects.toThrow('operation not permitted');
});
