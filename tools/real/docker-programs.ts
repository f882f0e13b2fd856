import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

const PACKAGES = ['docker.io', 'containerd', 'runc', 'tini'];
const COMPOSE = join(import.meta.dirname, 'compose');
const missing = 'The Docker engine cannot be fetched: apt-get is not installed.';

/**
 * The folder of a Docker engine with its programs, of Debian's packages as they are in the package lists of this
 * machine, unpacked on first use; nothing is installed. Needs apt.
 */
export async function ensureDocker(): Promise<string> {
  const uris = await runCommand('apt-get', ['download', '--print-uris', ...PACKAGES], { missing }).catch((error) => {
    throw new Error(`The Docker engine cannot be fetched; run apt-get update. ${(error as Error).message}`);
  });
  const version = createHash('sha256').update(uris).digest('hex').slice(0, 12);
  return buildOnce('docker', `debian-${version}`, async (dir) => {
    const packages = join(dir, 'packages');
    await mkdir(packages);
    await runCommand('apt-get', ['download', '--quiet', ...PACKAGES], { cwd: packages, missing });
    for (const file of await readdir(packages))
      await runCommand('dpkg', ['-x', join(packages, file), join(dir, 'docker')], {
        missing: 'dpkg is not installed.',
      });
    await rm(packages, { recursive: true });
  });
}

/**
 * The folder of the plug-ins `docker compose` and `docker buildx`, built on first use (a few minutes; needs Go and the
 * network), as the docker command looks for them.
 */
export async function ensureCompose(): Promise<string> {
  const sums = await readFile(join(COMPOSE, 'go.sum'));
  const module = await readFile(join(COMPOSE, 'go.mod'), 'utf8');
  const version = (path: string) => new RegExp(`${path} (v\\S+)`).exec(module)?.[1];
  const hash = createHash('sha256').update(sums).digest('hex').slice(0, 12);
  return buildOnce('cli-plugins', `compose-${version('docker/compose/v2')}-${hash}`, async (dir) => {
    for (const [name, path, command] of [
      ['docker-compose', 'docker/compose/v2', '/cmd'],
      ['docker-buildx', 'docker/buildx', '/cmd/buildx'],
    ] as const) {
      const variable = `github.com/${path}/${name === 'docker-buildx' ? 'version' : 'internal'}.Version`;
      const args = ['build', '-mod=readonly', '-ldflags', `-s -w -X ${variable}=${version(path)}`];
      await runCommand('go', [...args, '-o', join(dir, 'cli-plugins', name), `github.com/${path}${command}`], {
        cwd: COMPOSE,
        env: { ...process.env, CGO_ENABLED: '0' },
        missing: 'Docker Compose cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.',
      });
    }
  });
}
