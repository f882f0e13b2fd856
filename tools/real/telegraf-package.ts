import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command.ts';
import { type Architecture, OWN_ARCHITECTURE } from './system-root.ts';
import { ensureTelegraf, TELEGRAF_VERSION, telegrafSources } from './telegraf.ts';

const VERSION = `${TELEGRAF_VERSION}-1`;
/** Of the package, by its path in the sources of Telegraf. Its own scripts install, start and remove it. */
const FILES: Record<string, [from: string, mode: number]> = {
  'DEBIAN/preinst': ['scripts/deb/pre-install.sh', 0o755],
  'DEBIAN/postinst': ['scripts/deb/post-install.sh', 0o755],
  'DEBIAN/prerm': ['scripts/deb/pre-remove.sh', 0o755],
  'DEBIAN/postrm': ['scripts/deb/post-remove.sh', 0o755],
  'etc/logrotate.d/telegraf': ['etc/logrotate.d/telegraf', 0o644],
  'usr/lib/telegraf/scripts/init.sh': ['scripts/init.sh', 0o755],
  'usr/lib/telegraf/scripts/telegraf.service': ['scripts/telegraf.service', 0o644],
};
const CONFFILES = '/etc/logrotate.d/telegraf\n/etc/telegraf/telegraf.conf.sample\n';

/**
 * Builds Telegraf's Debian package as its Makefile does, with the plugins that the agent needs.
 * @returns its name and what it says of itself
 */
export async function buildTelegrafPackage(folder: string, architecture: Architecture = OWN_ARCHITECTURE) {
  const name = `telegraf_${VERSION}_${architecture}.deb`;
  const control = `Package: telegraf\nVersion: ${VERSION}\nArchitecture: ${architecture}\nMaintainer: Lab <lab@lab.example>\nDescription: Telegraf\n`;
  const sources = await telegrafSources();
  const sample = await runCommand(await ensureTelegraf(), ['config'], { missing: 'Telegraf is not built.' });
  const tree = await mkdtemp(join(tmpdir(), 'robowatch-package-'));
  const path = async (to: string) => {
    await mkdir(dirname(join(tree, to)), { recursive: true });
    return join(tree, to);
  };
  try {
    await chmod(tree, 0o755);
    for (const [to, [from, mode]] of Object.entries(FILES)) {
      await copyFile(join(sources, from), await path(to));
      await chmod(join(tree, to), mode);
    }
    await writeFile(await path('DEBIAN/control'), control);
    await writeFile(await path('DEBIAN/conffiles'), CONFFILES);
    await writeFile(await path('etc/telegraf/telegraf.conf.sample'), sample);
    for (const empty of ['etc/telegraf/telegraf.d', 'var/log/telegraf'])
      await mkdir(join(tree, empty), { recursive: true });
    await copyFile(await ensureTelegraf(undefined, architecture), await path('usr/bin/telegraf'));
    const build = ['--root-owner-group', '-Znone', '--build', tree, join(folder, name)];
    await runCommand('dpkg-deb', build, { missing: 'dpkg-deb is not installed.' });
  } finally {
    await rm(tree, { recursive: true });
  }
  return { name, control };
}
