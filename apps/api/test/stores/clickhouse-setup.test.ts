import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readClickHouse } from '../../src/commands/clickhouse-setup.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-clickhouse-setup-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const CLICKHOUSE_URL = 'http://localhost:8123';

it('makes the passwords that are missing, to be kept', () => {
  const { setup, made } = readClickHouse({ CLICKHOUSE_URL, CLICKHOUSE_READER_PASSWORD: 'known' });
  expect(Object.keys(made)).toEqual(['CLICKHOUSE_WRITER_PASSWORD']);
  expect(setup.writer?.password).toBe(made.CLICKHOUSE_WRITER_PASSWORD);
  expect(setup.writer?.password).toHaveLength(32);
  expect(setup.reader?.password).toBe('known');
});

it('keeps nothing of what is given in files, which the server is given, too', () => {
  const given: Record<string, string> = { CLICKHOUSE_URL };
  for (const name of ['WRITER', 'READER', 'ADMIN']) {
    writeFileSync(join(dir, name), `${name}'s secret\n`);
    given[`CLICKHOUSE_${name}_PASSWORD_FILE`] = join(dir, name);
  }
  const { setup, made } = readClickHouse(given);
  expect(made).toEqual({});
  expect([setup.writer, setup.reader, setup.admin].map((account) => account?.password)).toEqual([
    "WRITER's secret",
    "READER's secret",
    "ADMIN's secret",
  ]);
});
