import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

export type Architecture = 'amd64' | 'arm64' | 'armhf';
type Suite = keyof typeof SUITES;
/** A distribution's release, for one kind of processor. */
export interface System {
  suite: Suite;
  architecture: Architecture;
}

const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'curl', 'ca-certificates', 'procps', 'gnupg'];
const UBUNTU_KEYRING = 'usr/share/keyrings/ubuntu-archive-keyring.gpg';
const SUITES = {
  bookworm: { packages: ['qrencode'] },
  // It has the keys that Ubuntu's archive is signed with.
  trixie: { packages: ['qrencode', 'ubuntu-archive-keyring'] },
  jammy: { packages: [], isUbuntu: true },
  noble: { packages: [], isUbuntu: true },
} satisfies Record<string, { packages: string[]; isUbuntu?: boolean }>;

/** The architecture of this machine, as Debian calls it. */
export const OWN_ARCHITECTURE = ({ x64: 'amd64', arm64: 'arm64', arm: 'armhf' }[process.arch as string] ??
  process.arch) as Architecture;

/**
 * The path of an archive of a small system with systemd, built on first use: a minute, on another processor four (emulation.ts;
 * needs debootstrap and root).
 */
export function ensureSystem({ suite, architecture }: System): Promise<string> {
  const version = architecture === OWN_ARCHITECTURE ? `${suite}-2` : `${suite}-2-${architecture}`;
  const missing = 'A Debian to install on cannot be made: debootstrap is not installed.';
  return buildOnce('debian.tar', version, async (dir) => {
    const root = join(dir, 'root');
    const { packages, isUbuntu } = { isUbuntu: false, ...SUITES[suite] };
    const include = [...PACKAGES, ...packages].join(',');
    const options = [`--arch=${architecture}`, '--variant=minbase', `--include=${include}`];
    if (isUbuntu) options.push(`--keyring=${await ubuntuKeyring(dir)}`);
    // debootstrap knows no release of Ubuntu that is newer than itself; all are made alike.
    const how = isUbuntu ? [suite, root, '', 'gutsy'] : [suite, root];
    await runCommand('debootstrap', [...options, ...how], { missing });
    await runCommand('tar', ['-C', root, '-cf', join(dir, 'debian.tar'), '.'], { missing: 'tar is not installed.' });
    await rm(root, { recursive: true, force: true });
  });
}

async function ubuntuKeyring(dir: string): Promise<string> {
  const archive = await ensureSystem({ suite: 'trixie', architecture: OWN_ARCHITECTURE });
  const folder = await mkdtemp(join(tmpdir(), 'robowatch-keyring-'));
  const keyring = join(dir, 'ubuntu.gpg');
  try {
    await runCommand('tar', ['-C', folder, '-xf', archive, `./${UBUNTU_KEYRING}`], {
      missing: 'tar is not installed.',
    });
    await copyFile(join(folder, UBUNTU_KEYRING), keyring);
  } finally {
    await rm(folder, { recursive: true });
  }
  return keyring;
}
