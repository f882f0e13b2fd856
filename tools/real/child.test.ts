import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const CHILD = new URL('child.ts', import.meta.url).href;
const exists = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('a child ends with the process that started it, though that was killed', async () => {
  const script = `const { startChild } = await import(${JSON.stringify(CHILD)});
    const { pid } = await startChild('sleep', ['600'], { cwd: '/', env: {} });
    process.stdout.write(String(pid), () => process.kill(process.pid, 'SIGKILL'));`;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect([signal, Number(stdout)]).toEqual(['SIGKILL', expect.any(Number)]);
  await expect.poll(() => exists(Number(stdout))).toBe(false);
});
