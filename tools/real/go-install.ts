import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

const MISSING = 'A program cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.';

/**
 * `go install`, for this machine or, with GOARCH among the variables, for another one. The program goes into the folder.
 * Go refuses a folder of one's own for foreign programs, and puts them below GOPATH.
 */
export async function goInstall(folder: string, args: string[], variables: NodeJS.ProcessEnv) {
  const path = await mkdtemp(join(folder, 'go-'));
  try {
    const known = async (name: string) => runCommand('go', ['env', name], { missing: MISSING });
    const env = { ...process.env, GOCACHE: await known('GOCACHE'), GOMODCACHE: await known('GOMODCACHE') };
    await runCommand('go', ['install', ...args], {
      env: { ...env, ...variables, GOBIN: '', GOPATH: path },
      missing: MISSING,
    });
    const bin = join(path, 'bin');
    for (const entry of await readdir(bin, { withFileTypes: true, recursive: true }))
      if (entry.isFile()) await rename(join(entry.parentPath, entry.name), join(folder, entry.name));
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
