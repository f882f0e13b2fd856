import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';

const START_TIMEOUT_MS = 30_000;

/** Starts a real Caddy, Debian's, with a Caddyfile, which is told from `env` where to listen. It ends with this process. */
export async function startCaddy(caddyfile: string, url: string, env: Record<string, string>) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-caddy-'));
  const args = ['run', '--config', caddyfile, '--adapter', 'caddyfile'];
  const home = { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const child = await startChild('caddy', args, { cwd: dir, env: { ...home, ...env } });
  for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(100)) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) break;
    if (child.hasExited() || Date.now() > end) throw new Error(`Caddy did not start:\n${child.output()}`);
  }
  return {
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
