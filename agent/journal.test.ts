import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, 'journal.sh');
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-journal-test-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs the script for one interval, with a journalctl that prints these entries and remembers what it was asked. */
async function interval(entries: object[], state = dir) {
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(dir, 'entries'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  await writeFile(join(bin, 'journalctl'), `#!/bin/sh\necho "$@" >'${dir}/asked'\ncat '${dir}/entries'\n`);
  await chmod(join(bin, 'journalctl'), 0o755);
  const env = { PATH: `${bin}:${process.env.PATH}`, ROBOWATCH_STATE_DIR: state };
  const running = promisify(execFile)('sh', [SCRIPT], { env });
  running.child.stdin?.end('\n');
  const { stdout, stderr } = await running;
  return {
    metrics: stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    stderr,
  };
}

const entry = (fields: object) => ({
  __CURSOR: 's=1',
  __REALTIME_TIMESTAMP: '1795489149123456',
  PRIORITY: '6',
  ...fields,
});

test('an entry becomes time, level, program and message', async () => {
  const { metrics } = await interval([
    entry({
      MESSAGE: 'he said "hi" \\ and\nleft: "MESSAGE":"x" ü',
      PRIORITY: '3',
      SYSLOG_IDENTIFIER: 'sshd',
      _COMM: 'x',
    }),
    entry({ MESSAGE: 'no identifier', _COMM: 'foo', PRIORITY: undefined }),
  ]);
  const message = 'he said "hi" \\ and\nleft: "MESSAGE":"x" ü';
  expect(metrics).toEqual([
    { time: 1795489149123456, level: 'err', program: 'sshd', message },
    { time: 1795489149123456, level: 'info', program: 'foo', message: 'no identifier' },
  ]);
});

test('bytes become text without terminal colours; what has no text is left out', async () => {
  const bytes = [...Buffer.from('\u001b[31mHé\u001b[0m "quoted"\n')];
  const { metrics } = await interval([entry({ MESSAGE: bytes }), entry({ MESSAGE: null }), entry({})]);
  expect(metrics.map(({ message }) => message)).toEqual(['Hé "quoted"\n']);
});

test('a huge message is cut without breaking its escapes', async () => {
  const { metrics } = await interval([entry({ MESSAGE: '\\"'.repeat(9_000) }), entry({ MESSAGE: 'next' })]);
  expect(metrics[0].message.length).toBeGreaterThan(7_000);
  expect(metrics[1].message).toBe('next');
});

test('asks for a little history first, afterwards for everything since the cursor', async () => {
  await interval([]);
  expect(await readFile(join(dir, 'asked'), 'utf8')).toContain('--lines=100 ');
  await writeFile(join(dir, 'journal.cursor'), 's=1');
  await interval([]);
  expect(await readFile(join(dir, 'asked'), 'utf8')).toContain(`--lines=2000 --cursor-file=${dir}/journal.cursor`);
});

test('sends nothing, quietly, where it cannot remember how far it has read', async () => {
  const { metrics, stderr } = await interval([entry({ MESSAGE: 'x' })], join(dir, 'missing'));
  expect(metrics).toEqual([]);
  expect(stderr).toMatch(/^W! .*missing is not writable/);
});
