import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A demo robot's state, which must survive restarts. */
export interface SavedRobot {
  /** The robot's id on the server. */
  id: number;
  hostname: string;
  token: string;
  seed: number;
  /** When its history begins, ms since 1970. */
  start: number;
  /** Whether the history and the first live sample have been delivered. */
  filled: boolean;
}

interface SavedState {
  /** Whether all have been paired; one missing after that has been deleted and stays deleted. */
  complete?: boolean;
  robots: SavedRobot[];
}

/**
 * The demo's robots by hostname, stored in a file readable by its owner only, because it contains their tokens. Keeps
 * other members of the file.
 */
export async function openState(file: string) {
  const saved = await load(file);
  const robots = new Map(saved.robots.map((robot) => [robot.hostname, robot]));
  let writing = Promise.resolve();
  const save = () => {
    // Serialise writes, because robots change their entries concurrently.
    writing = writing.then(() => write(file, { ...saved, robots: [...robots.values()] }));
    return writing;
  };
  return {
    isComplete: () => saved.complete === true,
    complete() {
      saved.complete = true;
      return save();
    },
    get: (hostname: string) => robots.get(hostname),
    put(robot: SavedRobot) {
      robots.set(robot.hostname, robot);
      return save();
    },
    drop(hostname: string) {
      robots.delete(hostname);
      return save();
    },
  };
}

async function load(file: string): Promise<SavedState> {
  try {
    const content = JSON.parse(await readFile(file, 'utf8')) as Partial<SavedState>;
    return { ...content, robots: content.robots ?? [] };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return { robots: [] };
    throw error;
  }
}

async function write(file: string, state: SavedState) {
  await mkdir(dirname(file), { recursive: true });
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
