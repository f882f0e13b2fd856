import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcess, endWithThisProcess } from '../../../tools/real/child.ts';
import { freePort } from '../../../tools/real/free-port.ts';

const MAIN = fileURLToPath(new URL('../../api/src/start.js', import.meta.url));
export const PASSWORD = 'correct horse battery';
export const ADMIN = 'ada@lab.example';

/** The real API process with its embedded database and the built web app, on its own port. */
export async function startServer(env: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-web-'));
  const [apiPort, webPort] = [await freePort(), env.WEB_PORT ?? String(await freePort())];
  const url = `http://127.0.0.1:${webPort}`;
  const settings = {
    ...{ API_PORT: String(apiPort), WEB_PORT: webPort, PUBLIC_URL: url, DATA_DIR: dir },
    ...{ LISTEN_HOST: '127.0.0.1', LOG_LEVEL: 'warn', PAIR_POLL_INTERVAL: '1', ...env },
  };
  let child: ChildProcess | undefined;
  let output = '';

  async function start(): Promise<void> {
    output = '';
    const started = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    endWithThisProcess(started);
    child = started;
    await new Promise<void>((resolve, reject) => {
      for (const stream of [started.stdout, started.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk;
          if (output.includes('Robowatch is running')) setTimeout(resolve, 50);
        });
      }
      started.once('exit', () => reject(new Error(output)));
    });
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child) await endProcess(child, signal);
  }
  const stop = () => end('SIGTERM');

  await start();
  return {
    url,
    /** The one-time link that the first start prints. */
    setupLink: () => /http\S+\/setup#\S+/.exec(output)?.[0] ?? '',
    start,
    stop,
    kill: () => end('SIGKILL'),
    /** Connections stay open, and nothing is answered until `thaw`. */
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    async remove() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type Server = Awaited<ReturnType<typeof startServer>>;
export const withAdmin = { ADMIN_EMAIL: ADMIN, ADMIN_PASSWORD: PASSWORD };
