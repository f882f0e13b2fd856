import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/**
 * Starts main.ts with little memory. JavaScript, because Node loads its TypeScript parser, 15 MB, for the first file
 * that is not in the cache of compiled code. With `--compile` it only fills that of NODE_COMPILE_CACHE.
 */
const DATA_DIR_DEFAULT = './data';

/** @returns the embedded database's folder; undefined with another database */
function dataFolder() {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const folder = process.env.DATA_DIR?.trim() || DATA_DIR_DEFAULT;
  const other = process.env.DATABASE_URL?.trim() || process.env.DATABASE_URL_FILE?.trim();
  return other ? undefined : folder;
}

/** Makes the folder if it is missing. @returns whether nobody but us can write to it */
function isOwn(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const about = lstatSync(folder);
  return about.isDirectory() && about.uid === process.getuid?.() && (about.mode & 0o022) === 0;
}

// Part of what V8 checks before it uses the cache, so it comes first. See young-generation.ts.
setFlagsFromString('--semi-space-growth-factor=1');
try {
  const folder = process.env.NODE_COMPILE_CACHE ? undefined : dataFolder();
  if (folder && !existsSync(folder)) mkdirSync(folder, { mode: 0o755 });
  // Whoever can write to it decides what runs here, so it is in no folder that others share, such as /tmp.
  const cache = folder && join(folder, 'compile-cache');
  if (cache && isOwn(cache)) enableCompileCache(cache);
} catch {
  // The server says what is wrong with the folder or with .env.
}
await import('./main.ts');
