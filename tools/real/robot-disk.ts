import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './run-command.ts';

export interface RobotDisk {
  device: string;
  /** Bytes written to the device so far, of any kind: Linux's Documentation/block/stat.rst, seventh figure. */
  written(): Promise<number>;
  /** The disk as a power cut leaves it: without what was still to be written back. The robot must have ended. */
  afterPowerCut(): Promise<RobotDisk>;
  remove(): Promise<void>;
}

/** A block device of its own with an ext4, which counts what is written to it. Needs root. */
export async function makeRobotDisk(megabytes: number): Promise<RobotDisk> {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-disk-'));
  const image = join(dir, '0.img');
  await command('truncate', '-s', `${megabytes}M`, image);
  await command('mkfs.ext4', '-q', '-b', '4096', image);
  return useImage(dir, image, 0);
}

async function useImage(dir: string, image: string, generation: number): Promise<RobotDisk> {
  const device = (await command('losetup', '--find', '--show', image)).trim();
  const folder = join(dir, `mounted-${generation}`);
  await command('mkdir', folder);
  // Mounted here as well, so that the end of the robot's own mount does not write everything back.
  await command('mount', '-o', 'noatime', device, folder);
  const release = async () => {
    for (let tries = 0; tries < 50; tries++) {
      const isFree = await command('umount', folder).then(
        () => true,
        () => false,
      );
      if (isFree) break;
      await sleep(100);
    }
    await command('losetup', '--detach', device);
  };
  return {
    device,
    async written() {
      const stat = await readFile(`/sys/block/${basename(device)}/stat`, 'utf8');
      return Number(stat.trim().split(/\s+/)[6]) * 512;
    },
    async afterPowerCut(): Promise<RobotDisk> {
      const left = join(dir, `${generation + 1}.img`);
      await command('cp', '--sparse=always', image, left);
      await release();
      await rm(image);
      return useImage(dir, left, generation + 1);
    },
    async remove() {
      await release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const command = (name: string, ...args: string[]) => runCommand(name, args, { missing: `${name} is not installed.` });
