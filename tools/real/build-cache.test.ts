import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildOnce } from './build-cache.ts';

let dir: string;
const saved = process.env.ROBOWATCH_CACHE;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-cache-test-'));
  process.env.ROBOWATCH_CACHE = dir;
});
afterAll(async () => {
  if (saved === undefined) delete process.env.ROBOWATCH_CACHE;
  else process.env.ROBOWATCH_CACHE = saved;
  await rm(dir, { recursive: true, force: true });
});

test('builds once for all callers, and leaves only the result', async () => {
  let builds = 0;
  const build = async (into: string) => {
    builds++;
    await sleep(50);
    await writeFile(join(into, 'tool'), 'built');
  };
  const paths = await Promise.all([buildOnce('tool', '1', build), buildOnce('tool', '1', build)]);
  expect(await buildOnce('tool', '1', build)).toBe(paths[0]);
  expect(builds).toBe(1);
  expect(await readFile(paths[1] ?? '', 'utf8')).toBe('built');
  expect(await readdir(join(dir, 'tool'))).toHaveLength(1);
});

test('a failed build leaves nothing, and can be retried', async () => {
  await expect(buildOnce('tool', '2', () => Promise.reject(new Error('no compiler')))).rejects.toThrow('no compiler');
  await buildOnce('tool', '2', (into) => writeFile(join(into, 'tool'), ''));
});

test("a dead process's lock is taken over", async () => {
  const lock = join(dir, 'tool', `3-${process.platform}-${process.arch}.lock`);
  await mkdir(lock, { recursive: true });
  await writeFile(join(lock, '99999999-abc'), '');
  await buildOnce('tool', '3', (into) => writeFile(join(into, 'tool'), ''));
});

test('concurrent processes build only once', async () => {
  const program = `
    import { appendFileSync, writeFileSync } from 'node:fs';
    import { buildOnce } from ${JSON.stringify(join(import.meta.dirname, 'build-cache.ts'))};
    await buildOnce('tool', '4', async (into) => {
      appendFileSync(${JSON.stringify(join(dir, 'builds'))}, '.');
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(into + '/tool', '');
    });`;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  await Promise.all([run(), run(), run(), run()]);
  expect(await readFile(join(dir, 'builds'), 'utf8')).toBe('.');
  expect((await readdir(join(dir, 'tool'))).filter((name) => name.startsWith('4'))).toHaveLength(1);
});
