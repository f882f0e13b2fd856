import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What must outlive a restart for a demo robot to be the same robot. */
export interface SavedRobot {
  /** The robot's id on the server. */
  id: number;
  hostname: string;
  token: string;
  seed: number;
  /** When its history begins, ms since 1970. */
  start: number;
  /** Whether that history has been delivered up to the first live sample. */
  filled: boolean;
}

/** The demo's robots by hostname, kept in a file only its owner can read, since it holds their tokens. */
export async function openState(file: string) {
  const robots = new Map((await load(file)).map((robot) => [robot.hostname, robot]));
  let writing = Promise.resolve();
  const save = () => {
    // One after the other: robots change their entries at the same time.
    writing = writing.then(() => write(file, [...robots.values()]));
    return writing;
  };
  return {
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

async function load(file: string): Promise<SavedRobot[]> {
  try {
    const content = JSON.parse(await readFile(file, 'utf8')) as { robots?: SavedRobot[] };
    return content.robots ?? [];
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function write(file: string, robots: SavedRobot[]) {
  await mkdir(dirname(file), { recursive: true });
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, `${JSON.stringify({ robots }, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
