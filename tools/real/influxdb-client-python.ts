import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

const VERSION = '1.50.0';
const missing = 'Python with venv is not installed: apt-get install python3-venv.';

/** The Python of an environment with InfluxDB's client for it. Built on first use. */
export async function ensurePythonClient(): Promise<string> {
  const path = await buildOnce('influxdb-client-python', VERSION, async (dir) => {
    await mkdir(dir, { recursive: true });
    await runCommand('python3', ['-m', 'venv', join(dir, 'venv')], { missing });
    const quietly = ['--quiet', '--no-cache-dir', '--disable-pip-version-check'];
    const install = ['-m', 'pip', 'install', ...quietly, `influxdb-client==${VERSION}`];
    await runCommand(join(dir, 'venv/bin/python'), install, { missing });
    await symlink('venv/bin/python', join(dir, 'influxdb-client-python'));
  });
  return join(dirname(path), 'venv/bin/python');
}
