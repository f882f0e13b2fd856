import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { freshDatabase } from '../support/test-api.ts';

const COMMAND = join(import.meta.dirname, '../../src/commands/store-copy.ts');
let clickhouse: Awaited<ReturnType<typeof startTestClickHouse>>;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

/** @returns what it says when it fails */
async function copy(settings: Record<string, string>): Promise<string> {
  const secret = { DATABASE_URL: await freshDatabase(), SECRET_KEY: randomBytes(32).toString('hex') };
  const env = { PATH: process.env.PATH, LOG_LEVEL: 'silent', ...secret, ...clickhouse.settings, ...settings };
  return promisify(execFile)(process.execPath, [COMMAND], { env }).then(
    ({ stdout }) => `succeeded: ${stdout}`,
    ({ stderr }: { stderr: string }) => stderr,
  );
}

it('does not say that all is copied when there was nothing, or nowhere to copy to', async () => {
  expect(await copy({})).toBe(
    'PostgreSQL at DATABASE_URL has nothing to copy. Are these the settings of the server?\n',
  );
  const none = 'ClickHouse has no such database, or not its tables. Run `npm run clickhouse:setup`';
  expect(await copy({ CLICKHOUSE_DATABASE: 'none' })).toContain(none);
  expect(await copy({ CLICKHOUSE_URL: 'http://127.0.0.1:1' })).toBe('ClickHouse at CLICKHOUSE_URL does not respond.\n');
});
