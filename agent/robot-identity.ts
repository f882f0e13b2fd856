import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PairedRobot } from './pair-client.ts';

/** This computer's identity once paired, including its server. */
export interface RobotIdentity extends PairedRobot {
  url: string;
}

/** Loads the identity from a file. @returns undefined when there is none or it is invalid */
export async function loadIdentity(file: string): Promise<RobotIdentity | undefined> {
  try {
    const identity = JSON.parse(await readFile(file, 'utf8')) as Partial<RobotIdentity>;
    return identity.token && identity.url ? (identity as RobotIdentity) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Saves the identity, readable by the owner only. Atomic: a power cut leaves the old file or the new one. */
export async function saveIdentity(file: string, identity: RobotIdentity): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
