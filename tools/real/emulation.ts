import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
const FORMATS = { arm64: 'qemu-aarch64', armhf: 'qemu-arm' };
const MISSING = 'Programs for ARM cannot run here: apt-get install qemu-user-static binfmt-support.';

export type EmulatedArchitecture = keyof typeof FORMATS;

/** Lets the kernel run programs for other processors by QEMU. Needs root. @returns what makes it as it was before */
export async function emulate(...architectures: EmulatedArchitecture[]): Promise<() => Promise<void>> {
  const undo: (() => Promise<unknown>)[] = [];
  const end = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    if (!(await exists('register'))) {
      await command('mount', '-t', 'binfmt_misc', 'none', BINFMT);
      undo.push(() => command('umount', BINFMT));
    }
    for (const format of architectures.map((architecture) => FORMATS[architecture])) {
      if (await exists(format)) continue;
      await command('update-binfmts', '--enable', format);
      undo.push(() => command('update-binfmts', '--disable', format));
      // It ends well when it knows no such format.
      if (!(await exists(format))) throw new Error(MISSING);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

const command = (name: string, ...args: string[]) => runCommand(name, args, { missing: MISSING });

const exists = (name: string) =>
  access(join(BINFMT, name)).then(
    () => true,
    () => false,
  );
