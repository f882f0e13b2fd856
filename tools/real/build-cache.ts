import { randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const building = new Map<string, Promise<string>>();

/** Folder of built programs, outside any checkout: ROBOWATCH_CACHE, or robowatch in the user's cache. */
export function cacheFolder() {
  const userCache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return process.env.ROBOWATCH_CACHE || join(userCache, 'robowatch');
}

/**
 * The path of a program, built unless it is cached. Of concurrent callers, in this process or in others, one builds it
 * and the others wait. @param build receives an empty folder and must put the program there under its name
 */
export function buildOnce(program: string, version: string, build: (dir: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), program, `${version}-${process.platform}-${process.arch}`);
  const running = building.get(folder);
  if (running) return running;
  const promise = buildUnderLock(folder, program, build).finally(() => building.delete(folder));
  building.set(folder, promise);
  return promise;
}

async function buildUnderLock(folder: string, program: string, build: (dir: string) => Promise<void>) {
  const path = join(folder, program);
  if (await exists(path)) return path;
  await mkdir(join(folder, '..'), { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (await exists(path)) return path;
    const dir = await mkdtemp(`${folder}.building-`);
    try {
      await build(dir);
      await rm(folder, { recursive: true, force: true });
      await rename(dir, folder);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    return path;
  } finally {
    await release();
  }
}

/**
 * A lock is a folder with one file, named after the owner's process. A folder can be renamed onto a missing or empty
 * one, but not onto a full one, so taking the lock and naming its owner is atomic. A dead owner's lock is freed by
 * deleting that owner's file, which cannot affect a lock taken by somebody else in the meantime.
 */
async function lock(path: string) {
  const owner = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const mine = `${path}-${owner}`;
  await mkdir(mine);
  await writeFile(join(mine, owner), '');
  while (!(await renamed(mine, path))) {
    await freeFromTheDead(path);
    await sleep(200);
  }
  return async () => {
    await unlink(join(path, owner)).catch(() => undefined);
    await rmdir(path).catch(() => undefined);
  };
}

async function renamed(from: string, to: string) {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function freeFromTheDead(path: string) {
  for (const owner of await readdir(path).catch(() => [])) {
    if (!isAlive(Number.parseInt(owner, 10))) await unlink(join(path, owner)).catch(() => undefined);
  }
}

function isAlive(pid: number) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function exists(path: string) {
  return access(path).then(
    () => true,
    () => false,
  );
}
