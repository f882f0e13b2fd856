import { existsSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/**
 * Starts main.ts with little memory. JavaScript, because Node loads its TypeScript parser, 15 MB, for the first file
 * that is not in the cache of compiled code.
 */
const DATA_DIR_DEFAULT = './data';

/** @returns the embedded database's folder; undefined with another database */
function dataFolder() {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const folder = process.env.DATA_DIR?.trim() || DATA_DIR_DEFAULT;
  const other = process.env.DATABASE_URL?.trim() || process.env.DATABASE_URL_FILE?.trim();
  return other ? undefined : folder;
}

// Part of what V8 checks before it uses the cache, so it comes first. See young-generation.ts.
setFlagsFromString('--semi-space-growth-factor=1');
try {
  const folder = dataFolder();
  if (folder && !existsSync(folder)) mkdirSync(folder, { mode: 0o755 });
  // Whoever can write to it decides what runs here, so it is in no folder that others share, such as /tmp.
  if (folder) enableCompileCache(join(folder, 'compile-cache'));
} catch {
  // The server says what is wrong with the folder or with .env.
}
await import('./main.ts');
