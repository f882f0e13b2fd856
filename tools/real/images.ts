import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { CADDY_VERSION, ensureCaddy } from './caddy.ts';
import { type Child, startChild } from './child.ts';
import { ensureDebian } from './debian.ts';
import { runCommand } from './run-command.ts';

const require = createRequire(import.meta.url);
const NODE_PACKAGE = require.resolve('node/package.json');
const { version: NODE_VERSION } = require(NODE_PACKAGE) as { version: string };
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const missing = 'Images cannot be built: buildah is not installed.';

/**
 * Local substitutes for the public base images, by name, as Dockerfiles that use only package registries: Debian with
 * Node and npm, and with Caddy. They trust the same CAs as this machine.
 */
const BASES: Record<string, string> = {
  'docker.io/library/node:24-bookworm-slim': `FROM scratch
ADD debian.tar /
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY certificates.crt ${CERTIFICATES}
ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
`,
  [`docker.io/library/caddy:${CADDY_VERSION}`]: `FROM scratch
ADD debian.tar /
COPY caddy /usr/bin/caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
WORKDIR /srv
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
`,
};

/** Runs buildah with separate storage in `folder`, and without namespaces, so that it works inside a container. */
const buildah = (folder: string, args: string[]) =>
  runCommand('buildah', [...storage(folder), ...args], { missing, env: { PATH: process.env.PATH, HOME: folder } });
const storage = (folder: string) => ['--root', join(folder, 'layers'), '--runroot', join(folder, 'run')];

/** Folder of a storage with the images of BASES. */
async function ensureBases(): Promise<string> {
  const marker = await buildOnce('images', `node-${NODE_VERSION}-caddy-${CADDY_VERSION}`, async (folder) => {
    const context = await mkdtemp(join(tmpdir(), 'robowatch-images-'));
    try {
      await copyFile(await ensureDebian(), join(context, 'debian.tar'));
      await copyFile(join(dirname(NODE_PACKAGE), 'bin/node'), join(context, 'node'));
      const packages = await runCommand('npm', ['root', '--global'], { missing: 'npm is not installed.' });
      await cp(join(packages, 'npm'), join(context, 'npm'), { recursive: true, dereference: true });
      await copyFile(CERTIFICATES, join(context, 'certificates.crt'));
      await copyFile(await ensureCaddy(), join(context, 'caddy'));
      for (const [name, dockerfile] of Object.entries(BASES)) {
        await writeFile(join(context, 'Dockerfile'), dockerfile);
        await buildah(folder, ['build', '--isolation', 'chroot', '--tag', name, context]);
      }
    } finally {
      await rm(context, { recursive: true, force: true });
    }
    await writeFile(join(folder, 'images'), '');
  });
  return dirname(marker);
}

/** The parts used here (OCI image specification, config). */
interface OciImage {
  config: { User: string; Cmd: string[]; ExposedPorts: Record<string, unknown> };
}

/**
 * Builds an image like `docker build -f dockerfile context`, on the machine's own network.
 * @returns functions that start a container, with the image's command and user on this machine's network, and remove it
 */
export async function buildImage(dockerfile: string, context: string) {
  const folder = await ensureBases();
  const cache = await runCommand('npm', ['config', 'get', 'cache'], { missing: 'npm is not installed.' });
  await mkdir(cache, { recursive: true });
  const volume = ['--volume', `${cache}:/root/.npm`];
  const printed = await buildah(folder, [
    ...['build', '--quiet', '--pull-never', '--isolation', 'chroot', ...volume, '--file', dockerfile, context],
  ]);
  const id = printed.split('\n').at(-1) as string;
  const { OCIv1 } = JSON.parse(await buildah(folder, ['inspect', '--type', 'image', id])) as { OCIv1: OciImage };
  const { config } = OCIv1;
  return {
    config,
    start: (env: Record<string, string>) => startContainer(folder, id, config.Cmd, env),
    remove: () => buildah(folder, ['rmi', '--force', id]),
  };
}

/** The container ends with this process. */
async function startContainer(folder: string, image: string, command: string[], env: Record<string, string>) {
  const name = await buildah(folder, ['from', '--pull-never', image]);
  const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const args = [...storage(folder), 'run', '--isolation', 'chroot', ...variables, name, '--', ...command];
  const child: Child = await startChild('buildah', args, { cwd: folder, env: { HOME: folder } });
  return {
    ...child,
    stop: async () => {
      await child.stop();
      await buildah(folder, ['rm', name]);
    },
  };
}
