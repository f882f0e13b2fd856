import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Docker, startDocker } from './docker.ts';
import { ensurePublicImages } from './public-images.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
/** Grafana's image cannot be made here, so its service, with the job that calls it, is the only one that is left out. */
const WITHOUT_GRAFANA =
  'services:\n  grafana: { profiles: [public-registry] }\n  grafana-setup: { profiles: [public-registry] }\n';

export type Stack = Awaited<ReturnType<typeof startStack>>;

/**
 * Brings up deploy/ with a real Docker engine and Compose as the README says, in a fresh copy of the checkout. Prints
 * what it does. @param settings lines for .env that differ from those of ./setup
 */
export async function startStack({ settings = '' } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-stack-'));
  const deploy = join(dir, 'deploy');
  let engine: Docker | undefined;
  const stop = async () => {
    await engine?.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await copyCheckout(dir);
    engine = await startDocker({ data: await ensurePublicImages() });
    const { address, docker, env } = engine;
    await writeFile(join(deploy, 'compose.override.yaml'), WITHOUT_GRAFANA);
    const setup = await shown('./setup', ['--yes', '--host', address], deploy, env);
    await appendFile(join(deploy, '.env'), settings);
    /** Runs `docker compose …` in deploy/. @returns its standard output */
    const compose = (...args: string[]) => shown('docker', ['compose', ...args], deploy, env);
    /** Runs a command in deploy/, such as ./doctor. @returns its standard output */
    const run = (command: string, ...args: string[]) => shown(command, args, deploy, env);
    await compose('config', '--quiet');
    await compose('up', '--detach', '--wait', '--quiet-pull');
    await compose('ps', '--all', '--format', 'table {{.Service}}\t{{.Status}}');
    const ca = await readFile(join(deploy, 'certificates/ca.crt'), 'utf8');
    return { dir: deploy, env, address, url: `https://${address}:9101`, ca, setup, docker, compose, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a clone would have, with changes that are not committed yet. */
async function copyCheckout(target: string) {
  const list = 'git ls-files -z --cached --others --exclude-standard';
  const copy = `${list} | tar --null --ignore-failed-read -T - -c | tar -x -C "$1"`;
  await promisify(execFile)('sh', ['-c', copy, 'sh', target], { cwd: CHECKOUT });
}

async function shown(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const began = Date.now();
  process.stdout.write(`\n$ ${[command, ...args].join(' ')}\n`);
  const options = { cwd, env, maxBuffer: 64e6 };
  const { stdout, stderr } = await promisify(execFile)(command, args, options).catch((error) => {
    throw new Error(`${command} ${args.join(' ')} failed:\n${`${error.stdout}${error.stderr}`.slice(-6000)}`);
  });
  const steps = stderr.split('\n').filter((line) => / (Built|Healthy|Exited|Recreated)\s*$/.test(line));
  const result = args.includes('logs') ? [] : stdout.split('\n').filter((line) => !line.startsWith('#'));
  for (const line of [...new Set(steps), ...result])
    if (line.trim()) process.stdout.write(`  ${line.trim().slice(0, 200)}\n`);
  process.stdout.write(`  (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
  return stdout;
}
