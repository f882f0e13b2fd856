import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { makeRobotDisk, type RobotDisk } from './robot-disk.ts';
import { runCommand } from './run-command.ts';
import { ensureSystem, OWN_ARCHITECTURE, type System } from './system-root.ts';

const DEBIAN: System = { suite: 'bookworm', architecture: OWN_ARCHITECTURE };
/** Long, because an emulated processor takes several times as long. */
const START_TIMEOUT_MS = 300_000;
const BOOT = join(import.meta.dirname, 'debian-boot.sh');
const TELEGRAF_UNIT = join(import.meta.dirname, 'telegraf.service');

/** The path of an archive of the Debian that robots are tried on, built on first use. */
export const ensureDebian = () => ensureSystem(DEBIAN);

interface DebianOptions {
  hostname: string;
  /** Debian 12 of this machine's kind, if not given. Other kinds of processors need emulation.ts. */
  system?: System;
  /** A program; installed as its package would, with a user and a service. */
  telegraf?: string;
  /** Puts what the agent stores on a disk of its own, of so many megabytes. */
  diskMegabytes?: number;
}

/** Boots a separate Debian with systemd as process 1; it shares this machine's network and ends with this process. */
export async function startDebian({ hostname, system = DEBIAN, telegraf, diskMegabytes }: DebianOptions) {
  if (process.getuid?.() !== 0) throw new Error('Only root can boot a Debian.');
  const archive = await ensureSystem(system);
  const root = await mkdtemp(join(tmpdir(), 'robowatch-debian-'));
  await chmod(root, 0o755);
  await runCommand('tar', ['-C', root, '-xf', archive], { missing: 'tar is not installed.' });
  await writeFile(join(root, 'etc/hostname'), `${hostname}\n`);
  if (telegraf) await putTelegraf(root, telegraf);
  await mkdir(join(root, 'var/lib/robowatch-agent'), { recursive: true });
  let disk = diskMegabytes ? await makeRobotDisk(diskMegabytes) : undefined;
  let machine: Awaited<ReturnType<typeof boot>>;
  const stop = async () => {
    await machine?.end();
    await disk?.remove();
    for (let tries = 0; tries < 50; tries++) {
      const removed = await rm(root, { recursive: true, force: true }).then(
        () => true,
        () => false,
      );
      if (removed) break;
      await sleep(100);
    }
  };
  const shell = (script: string, env?: Record<string, string>) => machine.shell(script, env);
  const run = (script: string) => machine.run(script);
  /** Ends everything at once, without writing anything back, and boots again; on the disk is what had got there. */
  const cutPower = async () => {
    await machine.end();
    disk = await disk?.afterPowerCut();
    machine = await boot(root, hostname, disk);
  };
  try {
    if (!disk) await rm(join(root, 'var/lib/robowatch-agent'), { recursive: true });
    machine = await boot(root, hostname, disk);
  } catch (error) {
    await stop();
    throw error;
  }
  return { root, shell, run, cutPower, disk: () => disk, stop };
}

async function boot(root: string, hostname: string, disk: RobotDisk | undefined) {
  const name = `robowatch-${randomBytes(4).toString('hex')}`;
  const env: Record<string, string> = disk ? { ROBOT_DISK: disk.device } : {};
  const child = await startChild('sh', [BOOT, root, hostname, name], { cwd: '/', env });
  const end = async () => {
    // Process 1 ignores SIGTERM; when it is gone the kernel ends everything in its namespace.
    await child.kill();
    await (await startChild('sh', [BOOT, root, hostname, name, 'clean'], { cwd: '/', env: {} })).exited;
  };
  try {
    const init = await initProcess(child.pid);
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
      if (child.hasExited() || Date.now() > deadline)
        throw new Error(`Debian did not start: ${child.output()}${output}`);
    }
    return { shell, run, end };
  } catch (error) {
    await end();
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
