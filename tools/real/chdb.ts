import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';
import { untilListening } from './until-listening.ts';

const VERSION = '3.4.0';

/** ClickHouse's engine as a library for Node, installed on first use (550 MB). @returns the folder of its package */
export async function ensureChdb(): Promise<string> {
  const path = await buildOnce('chdb', VERSION, async (dir) => {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'package.json'), '{"private":true}');
    await runCommand('npm', ['install', '--prefix', dir, '--no-audit', '--no-fund', `chdb@${VERSION}`], {
      missing: 'npm is not installed.',
    });
    await symlink('node_modules/chdb', join(dir, 'chdb'));
  });
  return join(dirname(path), 'node_modules/chdb');
}

/** ClickHouse's engine behind as much of its HTTP interface as its official client uses. It has no users and no replication. */
export async function startChdb(dir: string) {
  const library = await ensureChdb();
  const port = await freePort();
  const server = join(import.meta.dirname, 'chdb-server.ts');
  const child = await startChild(process.execPath, [server, library, join(dir, 'data'), String(port)], {
    cwd: dir,
    env: {},
  });
  await untilListening(port, child);
  return { url: `http://127.0.0.1:${port}`, ...child };
}
