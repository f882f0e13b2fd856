import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { asDatabaseUser, unprivilegedUser } from './database-user.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-embedded-'));
chmodSync(dir, 0o755);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('starts though another process has the id that a power cut left in the file', async () => {
  const first = await startEmbeddedPostgres(dir);
  await first.stop();
  const user = unprivilegedUser();
  const { file, args, options } = asDatabaseUser('sleep', ['300'], user);
  const other = spawn(file, args, { ...options, cwd: '/', stdio: 'ignore' });
  try {
    const left = join(dir, 'postgres', 'postmaster.pid');
    const lines = [other.pid, join(dir, 'postgres'), 1, await freePort(), '', '127.0.0.1', '', 'ready', ''];
    writeFileSync(left, lines.join('\n'), { mode: 0o600 });
    if (user) chownSync(left, user.uid, user.gid);
    expect(findEmbeddedPostgres(dir)).toBeUndefined();

    const second = await startEmbeddedPostgres(dir);
    expect(second.pid).not.toBe(other.pid);
    expect(findEmbeddedPostgres(dir)).toBe(second.url);
    await second.stop();
  } finally {
    other.kill();
  }
});
