import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** The relevant part of the demonstration robots' state file, which the robots also write. */
export interface DemoState {
  owner_id: number;
  robots: { id: number }[];
}

/** @returns undefined when there are no demonstration robots */
export async function readDemoState(file: string): Promise<DemoState | undefined> {
  try {
    const { owner_id, robots = [] } = JSON.parse(await readFile(file, 'utf8')) as Partial<DemoState>;
    return owner_id === undefined ? undefined : { owner_id, robots };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Only the owner can read the file, because it will contain the robots' tokens. */
export async function writeDemoOwner(file: string, ownerId: number): Promise<void> {
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, `${JSON.stringify({ owner_id: ownerId, robots: [] })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
