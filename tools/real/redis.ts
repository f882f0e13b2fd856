import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';

const START_TIMEOUT_MS = 30_000;

/**
 * Starts a real Redis, with a random password, on 127.0.0.1 and a free port; it stores nothing and ends with this
 * process. With `tls` (files) it accepts only encrypted connections. `users` are further ones, as in an ACL file.
 * `pause()` freezes it until `resume()`; after
 * `crash()`, `restart()` starts an empty one on the same port.
 */
export async function startRedis({
  tls,
  users = [],
}: {
  tls?: { keyFile: string; certFile: string; caFile: string };
  users?: string[];
} = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-redis-'));
  const port = await freePort();
  const password = randomBytes(16).toString('hex');
  const config = join(dir, 'redis.conf');
  const encrypted = tls && [
    ...['port 0', `tls-port ${port}`, `tls-key-file ${tls.keyFile}`, `tls-cert-file ${tls.certFile}`],
    ...[`tls-ca-cert-file ${tls.caFile}`, 'tls-auth-clients no'],
  ];
  const ports = encrypted ?? [`port ${port}`];
  const lines = [
    'bind 127.0.0.1',
    ...ports,
    `dir ${dir}`,
    'save ""',
    'appendonly no',
    `requirepass ${password}`,
    ...users,
  ];
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const start = async () => {
    const child = await startChild('redis-server', [config], { cwd: dir, env: {} });
    await untilListening(child, port);
    return child;
  };
  let child = await start();
  return {
    url: `${tls ? 'rediss' : 'redis'}://:${password}@127.0.0.1:${port}`,
    pause: () => child.pause(),
    resume: () => child.resume(),
    crash: () => child.kill(),
    restart: async () => {
      child = await start();
    },
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilListening(child: Child, port: number) {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (child.hasExited()) throw new Error(`Redis exited while starting:\n${child.output()}`);
    const reached = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.end());
    });
    if (reached) return;
  }
  throw new Error(`Redis did not start within ${START_TIMEOUT_MS / 1000} s:\n${child.output()}`);
}
