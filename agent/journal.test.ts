import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJournal } from '../tools/real/journal.ts';

const SCRIPT = join(import.meta.dirname, 'journal.sh');
const START = Date.now() * 1000 - 3_600_000_000;
let dir: string;
interface Entry {
  time: number;
  message: string;
  level: string;
  program: string;
}
let journal: Awaited<ReturnType<typeof createJournal>>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-journal-test-'));
  journal = await createJournal(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Runs the script for a number of intervals, with the real journalctl, and confirms how far it has come. */
async function intervals(count = 1, { run = dir, isConfirmed = true } = {}) {
  const env = { PATH: `${journal.bin}:${process.env.PATH}`, ROBOWATCH_RUN_DIR: run, ROBOWATCH_STATE_DIR: dir };
  const running = promisify(execFile)('sh', [SCRIPT], { env, maxBuffer: 1 << 28 });
  running.child.stdin?.end('\n'.repeat(count));
  const { stdout, stderr } = await running;
  const printed = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { name: string; time: number; [other: string]: unknown });
  const cursor = printed.findLast(({ name }) => name === 'robowatch_journal')?.cursor;
  if (cursor && isConfirmed) await writeFile(join(dir, 'journal.cursor'), `${cursor}\n`);
  const metrics = printed.flatMap(({ name, ...entry }) => (name === 'syslog' ? [entry as unknown as Entry] : []));
  return { metrics, messages: metrics.map(({ message }) => message), stderr };
}

const entry = (index: number, fields: Record<string, string | Buffer>) => ({ micros: START + index, fields });
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => entry(from + i, { MESSAGE: `entry ${from + i}`, PRIORITY: '6' }));
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `entry ${from + i}`);

test('an entry is converted to time, level, program and message', async () => {
  const message = 'he said "hi" \\ and\nleft: "MESSAGE":"x" ü';
  await journal.add([
    entry(123, { MESSAGE: message, PRIORITY: '3', SYSLOG_IDENTIFIER: 'sshd', _COMM: 'x' }),
    entry(124, { MESSAGE: 'no identifier', _COMM: 'foo' }),
  ]);
  expect((await intervals()).metrics).toEqual([
    { time: START + 123, level: 'err', program: 'sshd', message },
    { time: START + 124, level: 'info', program: 'foo', message: 'no identifier' },
  ]);
});

test('bytes become text without terminal escapes; entries without text are skipped', async () => {
  await journal.add([
    entry(1, { MESSAGE: '\u001b[31mHé\u001b[0m "quoted"\n' }),
    entry(2, { MESSAGE: '' }),
    entry(3, { _COMM: 'silent' }),
    entry(4, { MESSAGE: Buffer.from([0x00, 0x41, 0xff, 0x42]) }),
  ]);
  const { messages } = await intervals();
  expect(messages[0]).toBe('Hé "quoted"\n');
  expect(messages[1]).toMatch(/^A.?B$/u);
  expect(messages).toHaveLength(2);
});

test('a huge message is truncated without breaking its escapes', async () => {
  await journal.add([entry(1, { MESSAGE: '\\"'.repeat(9_000) }), entry(2, { MESSAGE: 'next' })]);
  const { messages } = await intervals();
  expect(messages[0]?.length).toBeGreaterThan(7_000);
  expect(messages[1]).toBe('next');
});

test('sends a little history first, then each entry once, across restarts too', async () => {
  await journal.add(numbered(0, 250));
  expect((await intervals(3)).messages).toEqual(names(150, 250));
  expect((await intervals()).messages).toEqual([]);
  await journal.add(numbered(250, 253));
  expect((await intervals()).messages).toEqual(names(250, 253));
  await journal.add(numbered(253, 255));
  expect((await intervals(2)).messages).toEqual(names(253, 255));
});

test('what was not confirmed is read again', async () => {
  await journal.add(numbered(0, 5));
  await intervals();
  await journal.add(numbered(5, 10));
  const unconfirmed = { isConfirmed: false };
  expect((await intervals(1, unconfirmed)).messages).toEqual(names(5, 10));
  await journal.add(numbered(10, 12));
  expect((await intervals(2)).messages).toEqual(names(5, 12));
  expect((await intervals()).messages).toEqual([]);
});

test.each([
  ['no cursor', ',w'],
  ['one that no journal has', 's=0;i=1;b=0;m=0;t=ffffffffffff;x=0'],
])('goes on with the newest entries, and says so, when journalctl refuses the cursor: %s', async (_, cursor) => {
  await journal.add(numbered(0, 250));
  await writeFile(join(dir, 'journal.cursor'), `${cursor}\n`);
  const { messages, stderr } = await intervals(2);
  expect(messages).toEqual(names(150, 250));
  expect(stderr.match(/^W! The journal does not know the cursor .*seek to cursor/gm)).toHaveLength(1);
  await journal.add(numbered(250, 253));
  expect(await intervals(2)).toMatchObject({ messages: names(250, 253), stderr: '' });
});

test('after a long gap it catches up in pages and skips nothing', async () => {
  await journal.add(numbered(0, 10));
  await intervals();
  await journal.add(numbered(10, 4_510));
  const first = await intervals();
  expect(first.messages).toEqual(names(10, 2_010));
  expect((await intervals(3)).messages).toEqual(names(2_010, 4_510));
});

test('two entries of the same microsecond are both sent', async () => {
  await journal.add([entry(1, { MESSAGE: 'left' }), entry(1, { MESSAGE: 'right' })]);
  expect((await intervals()).metrics.map(({ time, message }) => [time, message])).toEqual([
    [START + 1, 'left'],
    [START + 1, 'right'],
  ]);
});

test('sends nothing, and keeps running, if it cannot store its cursor', async () => {
  await journal.add(numbered(0, 1));
  await writeFile(join(dir, 'file'), '');
  const { metrics, stderr } = await intervals(1, { run: join(dir, 'file/folder') });
  expect(metrics).toEqual([]);
  expect(stderr).toMatch(/W! .*folder is not writable/);
});

test('sends nothing, and keeps running, if there is no journal', async () => {
  const bare = join(dir, 'bare');
  await mkdir(bare);
  await symlink('/bin/cat', join(bare, 'cat'));
  const running = promisify(execFile)('/bin/sh', [SCRIPT], { env: { PATH: bare, ROBOWATCH_RUN_DIR: dir } });
  running.child.stdin?.end('\n\n');
  expect(await running).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^I! No journald/) });
});
