import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statementsOf } from '../../apps/api/src/stores/clickhouse/setup.ts';
import { ensureChdb } from '../../tools/real/chdb.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-clickhouse-backup-'));
const PLACE = '/var/lib/clickhouse/backups';
const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
/** The statement as it stands in one of deploy's scripts. */
const inScript = (script: string, verb: string) =>
  new RegExp(`"(${verb} database [^"]*)"`).exec(read(script))?.[1] ?? '';
let library: string;

/** ClickHouse's engine with server.xml beside settings of its own, as in the container. */
async function engine(data: string, ...statements: string[]): Promise<string> {
  const args = [join(import.meta.dirname, 'statements.ts'), library, join(dir, data), join(dir, 'config.xml')];
  return (await promisify(execFile)(process.execPath, [...args, ...statements], { maxBuffer: 64e6 })).stdout;
}

beforeAll(async () => {
  library = await ensureChdb();
  mkdirSync(join(dir, 'config.d'));
  mkdirSync(join(dir, 'backups'));
  const own = ['mysql_port', 'postgresql_port', 'interserver_http_port'].map((name) => `<${name}>0</${name}>`);
  writeFileSync(join(dir, 'config.xml'), `<clickhouse>${own.join('')}</clickhouse>`);
  writeFileSync(join(dir, 'config.d/robowatch.xml'), read('server.xml').replace(PLACE, join(dir, 'backups')));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a backup of ClickHouse', () => {
  it('is one file where ./backup looks for it, and brings everything back', async () => {
    expect(read('../shared.sh')).toContain(`CLICKHOUSE_BACKUP=${PLACE}/robowatch.tar\n`);
    const made = statementsOf({ shards: [[]], admin: { user: '', password: '' }, database: 'robowatch' });
    const points = `insert into robowatch.points (robot_id, measurement, field, tags, time, kind, num)
      select number % 10, 'cpu', 'usage_user', '[]', 1790000000000000000 + number * 10000000000, 'float', number from numbers(50000)`;
    const sums = [
      'select count(), sum(num) from robowatch.points final',
      'select count(), sum(num) from robowatch.latest final',
    ];
    await engine('data', ...made, points);
    const before = await engine('data', ...sums);
    expect(before).toBe('50000,1249975000\n10,499945\n');
    expect(await engine('data', inScript('../backup', 'backup'))).toContain('BACKUP_CREATED');
    expect(statSync(join(dir, 'backups/robowatch.tar')).size).toBeGreaterThan(10_000);
    // On another machine, with nothing there.
    expect(await engine('other', inScript('../restore', 'restore'))).toContain('RESTORED');
    expect(await engine('other', ...made, ...sums)).toBe(before);
  });
});
