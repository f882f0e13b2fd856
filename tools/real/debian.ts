import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildOnce } from './build-cache.ts';
import { startChild } from './child.ts';
import { runCommand } from './run-command.ts';

const SUITE = 'bookworm';
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'curl', 'ca-certificates', 'procps', 'qrencode', 'gnupg'];
const START_TIMEOUT_MS = 90_000;
const BOOT = join(import.meta.dirname, 'debian-boot.sh');
const TELEGRAF_UNIT = join(import.meta.dirname, 'telegraf.service');

/** The path of an archive of a small Debian with systemd, built on first use (a minute; needs debootstrap and root). */
export function ensureDebian(): Promise<string> {
  return buildOnce('debian.tar', `${SUITE}-2`, async (dir) => {
    const root = join(dir, 'root');
    const options = ['--variant=minbase', `--include=${PACKAGES.join(',')}`];
    await runCommand('debootstrap', [...options, SUITE, root], {
      missing: 'A Debian to install on cannot be made: debootstrap is not installed.',
    });
    await runCommand('tar', ['-C', root, '-cf', join(dir, 'debian.tar'), '.'], { missing: 'tar is not installed.' });
    await rm(root, { recursive: true, force: true });
  });
}

/**
 * Boots a separate Debian with systemd as process 1; it shares this machine's network and ends with this process.
 * `telegraf`, a program, is installed as its package would, with a user and a service.
 */
export async function startDebian({ hostname, telegraf }: { hostname: string; telegraf?: string }) {
  if (process.getuid?.() !== 0) throw new Error('Only root can boot a Debian.');
  const archive = await ensureDebian();
  const root = await mkdtemp(join(tmpdir(), 'robowatch-debian-'));
  await chmod(root, 0o755);
  await runCommand('tar', ['-C', root, '-xf', archive], { missing: 'tar is not installed.' });
  await writeFile(join(root, 'etc/hostname'), `${hostname}\n`);
  if (telegraf) await putTelegraf(root, telegraf);
  const name = `robowatch-${randomBytes(4).toString('hex')}`;
  const boot = await startChild('sh', [BOOT, root, hostname, name], { cwd: '/', env: {} });
  const stop = async () => {
    // Process 1 ignores SIGTERM; when it is gone the kernel ends everything in its namespace.
    await boot.kill();
    for (let tries = 0; tries < 50; tries++) {
      const removed = await rm(root, { recursive: true, force: true }).then(
        () => true,
        () => false,
      );
      if (removed) break;
      await sleep(100);
    }
    await (await startChild('sh', [BOOT, root, hostname, name, 'clean'], { cwd: '/', env: {} })).exited;
  };
  try {
    const init = await initProcess(boot.pid);
    const enter = ['-t', String(init), '-m', '-u', '-i', '-p', '-r', '-w', '--'];
    const shell = (script: string, env: Record<string, string> = {}) =>
      startChild('nsenter', [...enter, 'sh', '-c', script], {
        cwd: '/',
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
      });
    const run = async (script: string) => {
      const child = await shell(script);
      await child.exited;
      return { code: child.exitCode(), output: child.output() };
    };
    for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
      const { output } = await run('systemctl is-system-running');
      if (/running|degraded/.test(output)) break;
      if (boot.hasExited() || Date.now() > deadline) throw new Error(`Debian did not start: ${boot.output()}${output}`);
    }
    return { root, shell, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function putTelegraf(root: string, telegraf: string) {
  await copyFile(telegraf, join(root, 'usr/bin/telegraf'));
  await copyFile(TELEGRAF_UNIT, join(root, 'lib/systemd/system/telegraf.service'));
  await runCommand('chroot', [root, 'useradd', '--system', '--no-create-home', '--shell', '/bin/false', 'telegraf'], {
    missing: 'chroot is not installed.',
  });
}

/** Process 1 of the new namespace: the child of our own child process, which has become `unshare`. */
async function initProcess(parent: number): Promise<number> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
    const pid = Number(children.trim().split(' ')[0]);
    const comm = pid ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') : '';
    if (comm.trim() === 'systemd') return pid;
  }
  throw new Error('systemd did not become process 1 of its namespace.');
}
