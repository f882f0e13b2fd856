import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PairedRobot } from './pair-client.ts';

/** Who this computer is, once paired, and with which server. */
export interface RobotIdentity extends PairedRobot {
  url: string;
}

/** The identity kept in a file; undefined when there is none, or none that can be read as one. */
export async function loadIdentity(file: string): Promise<RobotIdentity | undefined> {
  try {
    const identity = JSON.parse(await readFile(file, 'utf8')) as Partial<RobotIdentity>;
    return identity.token && identity.url ? (identity as RobotIdentity) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Keeps the identity for its owner's eyes only, in one step: a power cut leaves the old file or the new one. */
export async function saveIdentity(file: string, identity: RobotIdentity): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
