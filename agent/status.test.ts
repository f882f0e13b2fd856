import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-status-test-'));
  await mkdir(join(dir, 'spool'));
  await mkdir(join(dir, 'bin'));
  await writeFile(join(dir, 'bin/systemctl'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  await writeFile(join(dir, 'env'), 'ROBOWATCH_URL=http://127.0.0.1:1\nROBOWATCH_TOKEN=token\n');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** What it says of points that wait and of lost ones. Needs root, as the script does. */
async function status() {
  const { stdout, stderr } = await promisify(execFile)('sh', [join(import.meta.dirname, 'status.sh'), 'status'], {
    env: {
      ...{ PATH: `${dir}/bin:${process.env.PATH}`, ROBOWATCH_ENV_FILE: join(dir, 'env') },
      ...{ ROBOWATCH_STATE_DIR: dir, ROBOWATCH_RUN_DIR: dir },
    },
    timeout: 20_000,
  });
  const said = (what: string) => new RegExp(`^${what} +(.*) points`, 'm').exec(stdout)?.[1];
  return { waiting: said('Waiting'), lost: said('Lost'), stderr };
}
const spooled = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(dir, 'spool', name), '')));

test('says how many points wait and how many are lost', async () => {
  await spooled('0000000001.5.40', '0000000002.6.2', '0000000003.7.open');
  expect(await status()).toEqual({ waiting: '42', lost: '0', stderr: '' });
  await writeFile(join(dir, 'buffered'), '50\n');
  await writeFile(join(dir, 'dropped'), '12 7\n');
  expect(await status()).toEqual({ waiting: '50', lost: '12', stderr: '' });
});

test('what Telegraf’s user writes is neither computed nor printed unless it is a number', async () => {
  await spooled('1.1.1+', '1.1.a[$(x)]', '1.1.-5', '1.1.08', '1.1.99999999999999999999', '1.1.PATH', '1.1.3');
  await writeFile(join(dir, 'buffered'), 'x\n');
  await writeFile(join(dir, 'dropped'), '\u001b]0;pwn\u0007 0\n');
  expect(await status()).toEqual({ waiting: '11', lost: '0', stderr: '' });
  await writeFile(join(dir, 'dropped'), '7\u001b]0;pwn\u0007 0\n');
  expect((await status()).lost).toBe('7');
});

test('it follows no links, and waits for no pipes', async () => {
  await writeFile(join(dir, 'secret'), '123456\n');
  await symlink(join(dir, 'secret'), join(dir, 'dropped'));
  execFileSync('mkfifo', [join(dir, 'buffered')]);
  expect(await status()).toEqual({ waiting: '0', lost: '0', stderr: '' });
});
