import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { ensureCompose, ensureDocker } from './docker-programs.ts';
import { type CommandOptions, runCommand } from './run-command.ts';

/** An engine that cannot start exits; this is how long another one may use the same data. */
const START_TIMEOUT_MS = 20 * 60_000;
const STOP_TIMEOUT_MS = 30_000;
const BOOT = join(import.meta.dirname, 'docker-boot.sh');
/** The engine's networks are seen only inside its own namespace, so it may take any. */
const SETTINGS = {
  'default-address-pools': [{ base: '10.199.0.0/16', size: 24 }],
  'log-opts': { 'max-size': '10m' },
  features: { buildkit: true },
};

export type Docker = Awaited<ReturnType<typeof startDocker>>;

/**
 * Starts a real Docker engine, with Compose, in namespaces of its own. Needs root; ends, with all its containers, with
 * this process. Ports that containers publish are reached at `address`, from this machine only. `data` keeps images
 * between starts, but no containers, volumes or networks; only one engine at a time uses it, another one waits.
 */
export async function startDocker({ data }: { data?: string } = {}) {
  if (process.getuid?.() !== 0) throw new Error('Only root can start a Docker engine.');
  const [programs, plugins] = [await ensureDocker(), await ensureCompose()];
  const dir = await mkdtemp(join(tmpdir(), 'rw-docker-'));
  const storage = data ?? join(dir, 'data');
  await mkdir(storage, { recursive: true });
  await writeFile(join(dir, 'daemon.json'), JSON.stringify(SETTINGS));
  await mkdir(join(dir, 'client'));
  await symlink(plugins, join(dir, 'client/cli-plugins'));

  const [b = 0, c = 0] = randomBytes(2);
  const subnet = `10.${64 + (b % 64)}.${c}`;
  const name = `rw${randomBytes(3).toString('hex')}`;
  const path = `${join(programs, 'usr/sbin')}:${join(programs, 'usr/bin')}:${process.env.PATH}`;
  const boot = (verb: string) =>
    startChild('sh', [BOOT, verb, dir, name, subnet, storage], { cwd: '/', env: { PATH: path } });
  /** Variables for the docker command. */
  const env = {
    PATH: path,
    HOME: dir,
    DOCKER_HOST: `unix://${join(dir, 'docker.sock')}`,
    DOCKER_CONFIG: join(dir, 'client'),
  };
  /** Runs the docker command. @returns its standard output */
  const docker = (args: string[], options: Omit<CommandOptions, 'missing'> = {}) =>
    runCommand('docker', args, {
      cwd: dir,
      ...options,
      env: { ...env, ...options.env },
      missing: 'docker is missing.',
    });
  const clear = async () => {
    const containers = await docker(['ps', '--all', '--quiet']);
    if (containers) await docker(['rm', '--force', '--volumes', ...containers.split('\n')]);
    const volumes = await docker(['volume', 'ls', '--quiet']);
    if (volumes) await docker(['volume', 'rm', '--force', ...volumes.split('\n')]);
    await docker(['network', 'prune', '--force']);
  };

  const child = await boot('run');
  const stop = async () => {
    if (!child.hasExited()) {
      await clear().catch(() => undefined);
      // To the group: the first process of the namespace's own, which waits for the engine, blocks the signal.
      process.kill(-child.pid, 'SIGTERM');
      await Promise.race([child.exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    }
    await child.kill();
    await (await boot('clean')).exited;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
      const up = await docker(['version']).then(
        () => true,
        () => false,
      );
      if (up) break;
      if (child.hasExited() || Date.now() > end) throw new Error(`The Docker engine did not start:\n${child.output()}`);
    }
    await clear();
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `${subnet}.2`, env, docker, stop };
}
