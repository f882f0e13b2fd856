import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Running, wait } from './running.ts';

export function doctorTests(given: () => Running): void {
  const doctor = () =>
    promisify(execFile)('./doctor', { cwd: given().stack.dir, env: given().stack.env }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stdout, stderr }) => ({ code: code as number, output: `${stdout}${stderr}` }),
    );

  describe('doctor', () => {
    it('finds nothing broken', async () => {
      const { code, output } = await doctor();
      process.stdout.write(`\n$ ./doctor\n${output}`);
      expect([code, output]).toEqual([0, expect.not.stringContaining('FAIL')]);
      for (const found of [
        'api is healthy',
        'views has done its work',
        'web app, port 9101',
        'certificate valid until',
      ])
        expect(output).toContain(`ok    ${found}`);
      expect(output).toContain('no backup of the last two days');
    });

    it('says first that the name is not in DNS', async () => {
      const file = join(given().stack.dir, '.env');
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, before.replace(/^HOST=.*$/m, 'HOST=robots.invalid'));
      const { code, output } = await doctor();
      writeFileSync(file, before);
      expect([code, output]).toEqual([1, expect.stringContaining('FAIL  The name robots.invalid is not known here.')]);
      expect(output).not.toMatch(/certificate|answers/);
    });

    it('says what is broken, and what to do', async () => {
      const { dir, compose } = given().stack;
      chmodSync(join(dir, '.env'), 0o644);
      chmodSync(join(dir, 'edge/Caddyfile'), 0o600);
      await compose('stop', 'redis', 'influxdb');
      const { code, output } = await doctor();
      chmodSync(join(dir, '.env'), 0o600);
      chmodSync(join(dir, 'edge/Caddyfile'), 0o644);
      await compose('up', '--detach', '--wait', '--no-deps', 'redis', 'influxdb');
      expect([code, output]).toEqual([1, expect.stringContaining('.env has the permissions 644')]);
      expect(output).toContain(`chmod 600 ${join(dir, '.env')}`);
      expect(output).toContain('Containers cannot read edge/Caddyfile');
      expect(output).toContain('FAIL  redis was stopped.');
      expect(output).toMatch(/FAIL {2}influxdb (was stopped|is exited)/);
      expect(output).toMatch(/FAIL {2}API, port 9100: \S+ answers 503/);
      // The server looks at its database again after some seconds.
      await expect.poll(async () => (await doctor()).code, wait).toBe(0);
    });
  });
}
