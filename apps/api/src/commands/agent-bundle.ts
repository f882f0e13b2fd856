import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadConfig } from '../config/config.ts';
import { ConfigError, loadEnvFile } from '../config/env.ts';
import { agentContents } from '../web/agent-contents.ts';

const NAME = 'robowatch-agent';
const USAGE = 'Usage: npm run agent:bundle -- [--arch arm64|amd64|armhf] [--out FILE.tar.gz]';

/**
 * `npm run agent:bundle`: writes all that installing the agent needs, but the server itself, into one archive, for robots
 * that reach nothing else or are given it on a stick: the installer, the agent's files, and Telegraf's packages of
 * AGENT_PACKAGES. Without --out, to standard output unless that is a terminal.
 */
async function writeBundle(architecture: string | undefined, out: string | undefined): Promise<void> {
  const config = loadConfig(process.env);
  const { files, packages, script } = await agentContents(config);
  const chosen = packages.filter((one) => architecture === undefined || one.architecture === architecture);
  if (chosen.length === 0) {
    const known = packages.map((one) => one.architecture).join(', ') || 'none';
    throw new ConfigError(
      `There is no package of Telegraf${architecture ? ` for ${architecture}` : ''} to put into it (there is: ${known}). Put telegraf_…_arm64.deb, and those of other architectures, into a folder and set AGENT_PACKAGES to it.`,
    );
  }
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-bundle-'));
  try {
    const root = join(dir, NAME);
    mkdirSync(join(root, 'agent'), { recursive: true });
    writeFileSync(join(root, 'install.sh'), script, { mode: 0o755 });
    for (const { name, text } of files) writeFileSync(join(root, 'agent', name), text);
    for (const { name, path } of chosen) copyFileSync(path, join(root, name));
    const archive = join(dir, 'bundle.tar.gz');
    await promisify(execFile)('tar', ['--owner=0', '--group=0', '-C', dir, '-czf', archive, NAME]);
    if (out) copyFileSync(archive, out);
    else process.stdout.write(readFileSync(archive));
    const names = chosen.map((one) => one.architecture).join(', ');
    process.stderr.write(
      `A bundle for ${config.publicUrl} with Telegraf for ${names}. On the robot: tar -xzf it, sudo sh ${NAME}/install.sh\n`,
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  const { values } = parseArgs({ options: { arch: { type: 'string' }, out: { type: 'string' } } });
  if (!values.out && process.stdout.isTTY) throw new ConfigError(USAGE);
  loadEnvFile();
  await writeBundle(values.arch, values.out);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
