import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../tools/real/build-cache.ts';
import { type Child, startChild } from '../../tools/real/child.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { runCommand } from '../../tools/real/run-command.ts';
import { untilListening } from '../../tools/real/until-listening.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** FastAPI with uvicorn (uvloop, httptools, one worker) and httpx, in a virtual environment outside the checkout. */
export async function startFastApi(env: Record<string, string>): Promise<Child & { url: string }> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  const venv = join(cacheFolder(), 'bench-fastapi', hash);
  const cwd = import.meta.dirname;
  const missing = 'Python 3 with venv is needed for the FastAPI peer.';
  if (!existsSync(join(venv, 'bin/uvicorn'))) {
    await mkdir(venv, { recursive: true });
    await runCommand('python3', ['-m', 'venv', venv], { cwd, env: process.env, missing });
    await runCommand(join(venv, 'bin/pip'), ['install', '-q', '-r', REQUIREMENTS], { cwd, env: process.env, missing });
  }
  const port = await freePort();
  const args = [
    'fastapi_proxy:app',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--log-level',
    'warning',
    '--no-access-log',
  ];
  const child = await startChild(join(venv, 'bin/uvicorn'), args, {
    cwd,
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  await untilListening(port, child);
  return { ...child, url: `http://127.0.0.1:${port}` };
}
