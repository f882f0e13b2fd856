import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const WEB = dirname(dirname(fileURLToPath(import.meta.url)));
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
const STAMP = join(WEB, 'dist/.sources');
const SOURCES = ['index.html', 'vite.config.ts', 'package.json', 'public/**/*', 'src/**/*.{ts,vue,css}', 'build/*.ts'];

/** Builds the web app if dist/ is missing or was made from other sources. */
export async function ensureBuilt(): Promise<void> {
  const wanted = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  process.stdout.write('Building the web app, once after each change …\n');
  // In its own process: modules that a test runner has loaded must not affect the production build.
  const args = [VITE, 'build', WEB, '--mode', 'production', '--logLevel', 'error'];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_ENV: 'production' } });
  writeFileSync(STAMP, wanted);
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const files = globSync(SOURCES, { cwd: WEB, exclude: ['src/**/*.test.ts'] }).sort();
  for (const file of [...files, '../../package-lock.json']) {
    const path = join(WEB, file);
    if (existsSync(path)) hash.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

if (import.meta.main) {
  try {
    await ensureBuilt();
  } catch (error) {
    const { message } = error as Error;
    const denied = /\b(EACCES|EROFS|EPERM)\b/.test(message);
    const hint = denied ? ' Run npm run web:build once as the owner of this directory.' : '';
    process.stderr.write(`The web app could not be built: ${message}.${hint} The API starts without it.\n`);
  }
}
