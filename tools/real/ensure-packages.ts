import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** What tests run for real, by a file of its Debian package. */
const PACKAGES: Record<string, string> = {
  'pkg-config': '/usr/bin/pkg-config',
  'postgresql-15': '/usr/lib/postgresql/15/bin/postgres',
  'redis-server': '/usr/bin/redis-server',
  shellcheck: '/usr/bin/shellcheck',
  debootstrap: '/usr/sbin/debootstrap',
  'systemd-journal-remote': '/lib/systemd/systemd-journal-remote',
  openssl: '/usr/bin/openssl',
  gnupg: '/usr/bin/gpg',
  prometheus: '/usr/bin/prometheus',
  buildah: '/usr/bin/buildah',
  iptables: '/usr/sbin/iptables',
  iproute2: '/usr/sbin/ip',
  chromium: '/usr/bin/chromium',
  'clickhouse-server': '/usr/sbin/clickhouse-server',
  'libzookeeper-java': '/usr/share/java/zookeeper.jar',
  ...(process.argv.includes('boards') && {
    'qemu-user-static': '/usr/bin/qemu-aarch64-static',
    'binfmt-support': '/usr/sbin/update-binfmts',
  }),
};
/** While it says 101, no service is started. */
const POLICY = '/usr/sbin/policy-rc.d';

const succeeds = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Runs a program before everybody's eyes. @throws when it fails */
function run(command: string, ...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}

/** The packages that are missing. */
function missingPackages(): string[] {
  const missing = Object.keys(PACKAGES).filter((name) => !existsSync(PACKAGES[name] as string));
  if (!succeeds('python3', '-c', 'import ensurepip, venv')) missing.push('python3-venv');
  return missing;
}

function install(missing: string[]): void {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', 'update', '-qq');
    run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing);
  } finally {
    if (isOurs) rmSync(POLICY);
  }
}

/** Gets the Debian packages that tests need; without root it says which, in a line to run. */
const missing = missingPackages();
const isRoot = process.getuid?.() === 0;
if (missing.length > 0 && !(isRoot && existsSync('/usr/bin/apt-get'))) {
  process.stderr.write(
    `Tests need more programs. Run this first:\n\n    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing.join(' ')}\n\n`,
  );
  process.exit(1);
}
if (missing.length > 0) install(missing);
// The Docker engine is unpacked from packages, which are found in these lists.
if (isRoot && !succeeds('apt-cache', 'show', 'docker.io')) run('apt-get', 'update', '-qq');
