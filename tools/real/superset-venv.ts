import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

const REQUIREMENTS = join(import.meta.dirname, '../../deploy/superset/requirements.txt');
const missing = 'Python with venv is not installed: apt-get install python3-venv.';

/**
 * The Python of an environment with the very packages of Superset's image. Built on first use (two minutes, 820 MB).
 * Only `python -m …` works: the other programs in it know the folder in which they were built.
 */
export async function ensureSuperset(): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  return buildOnce('superset', version, async (dir) => {
    await mkdir(dir, { recursive: true });
    await runCommand('python3', ['-m', 'venv', join(dir, 'venv')], { missing });
    const python = join(dir, 'venv/bin/python');
    const quietly = ['--quiet', '--no-cache-dir', '--disable-pip-version-check'];
    await runCommand(python, ['-m', 'pip', 'install', ...quietly, '-r', REQUIREMENTS], { missing });
    await symlink('venv/bin/python', join(dir, 'superset'));
  }).then((path) => join(dirname(path), 'venv/bin/python'));
}
