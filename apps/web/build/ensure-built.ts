import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WEB = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP = join(WEB, 'dist/.sources');
const SOURCES = ['index.html', 'vite.config.ts', 'package.json', 'public/**/*', 'src/**/*.{ts,vue,css}', 'build/*.ts'];

/** Builds the web app when dist/ is missing or made from other sources. */
export async function ensureBuilt(): Promise<void> {
  const wanted = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  process.stdout.write('Building the web app, once after each change …\n');
  const { build } = await import('vite');
  const { NODE_ENV } = process.env;
  // Vite keeps a NODE_ENV that is set, as test runners do: Vue would come with its warnings, half as large again.
  process.env.NODE_ENV = 'production';
  try {
    await build({ configFile: join(WEB, 'vite.config.ts'), mode: 'production', logLevel: 'error' });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
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
    const { code, message } = error as NodeJS.ErrnoException;
    const denied = code === 'EACCES' || code === 'EROFS' || code === 'EPERM';
    const hint = denied ? ' Run npm run web:build once as the owner of this directory.' : '';
    process.stderr.write(`The web app could not be built: ${message}.${hint} The API starts without it.\n`);
  }
}
