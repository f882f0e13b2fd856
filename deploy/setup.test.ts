import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../tools/real/certificates.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-setup-'));
const path = (name: string) => join(dir, name);
const text = (name: string) => readFileSync(path(name), 'utf8');
const mode = (name: string) => (statSync(path(name)).mode & 0o777).toString(8);
const settings = () =>
  Object.fromEntries(
    text('.env')
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
const secrets = () =>
  Object.fromEntries(
    readdirSync(path('secrets'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'utf8')]),
  );
const openssl = async (...args: string[]) => (await promisify(execFile)('openssl', args)).stdout;

const setup = (...args: string[]) =>
  promisify(execFile)(path('setup'), ['--yes', ...args], { cwd: '/' }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stderr }) => ({ code: code as number, output: stderr as string }),
  );

beforeAll(() => {
  for (const name of ['setup', 'shared.sh']) cpSync(join(import.meta.dirname, name), path(name));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('setup', () => {
  it('generates everything that is secret, out of the reach of other users', async () => {
    const { code, output } = await setup('--host', 'robots.lab.example');
    expect([code, output]).toEqual([0, expect.stringContaining('https://robots.lab.example:9101')]);
    expect([mode('.env'), mode('secrets'), mode('secrets/root.key')]).toEqual(['600', '700', '400']);
    const made = secrets();
    const random = Object.values(made).filter((value) => /^[0-9a-f]{64}$/.test(value));
    expect(random).toHaveLength(19);
    expect(new Set(random).size).toBe(19);
    expect(text('.env')).not.toMatch(/[0-9a-f]{32}/);
    expect(made['redis-users']).not.toContain(made['api-redis-password'] as string);
    expect(made['clickhouse-users']).not.toContain(made['clickhouse-admin-password'] as string);
  });

  it('makes an authority, and prints its fingerprint', async () => {
    const { output } = await setup();
    const { stdout } = await promisify(execFile)('sha256sum', [path('certificates/ca.crt')]);
    expect(output).toContain(stdout.slice(0, 64));
    const chain = await openssl(
      'verify',
      '-CAfile',
      path('certificates/ca.crt'),
      path('secrets/edge/intermediate.crt'),
    );
    expect(chain).toContain('OK');
    expect(readdirSync(path('secrets/edge')).sort()).toEqual(['intermediate.crt', 'intermediate.key', 'root.crt']);
  });

  it('keeps what is there, and adds what is new', async () => {
    const before = secrets();
    writeFileSync(
      path('.env'),
      `${text('.env').replace('WEB_PORT=9101', 'WEB_PORT=9555')}# mine\nMETRICS_RETENTION=7d\n`,
    );
    rmSync(path('secrets/bi-database-password'));
    expect((await setup()).output).toContain('https://robots.lab.example:9555');
    expect(settings()).toMatchObject({ HOST: 'robots.lab.example', WEB_PORT: '9555', METRICS_RETENTION: '7d' });
    expect(text('.env')).toContain('# mine\n');
    const { 'bi-database-password': former, ...kept } = before;
    const after = secrets();
    expect(after).toMatchObject(kept);
    expect(after['bi-database-password']).toMatch(/^[0-9a-f]{64}$/);
    expect(after['bi-database-password']).not.toBe(former);
    const unchanged = secrets();
    await setup('--host', 'other.lab.example');
    expect(settings().HOST).toBe('other.lab.example');
    expect(secrets()).toEqual(unchanged);
  });

  it('chooses where metrics are kept, and keeps that and other profiles', async () => {
    expect(settings()).not.toHaveProperty('COMPOSE_PROFILES');
    await setup('--store', 'clickhouse');
    expect(settings()).toMatchObject({ COMPOSE_PROFILES: 'clickhouse', CLICKHOUSE_URL: 'http://clickhouse:8123' });
    writeFileSync(path('.env'), text('.env').replace('=clickhouse\n', '=mine,clickhouse\n'));
    await setup();
    expect(settings()).toMatchObject({ COMPOSE_PROFILES: 'mine,clickhouse', CLICKHOUSE_URL: 'http://clickhouse:8123' });
    await setup('--store', 'influxdb');
    expect(settings()).toMatchObject({ COMPOSE_PROFILES: 'mine', CLICKHOUSE_URL: '' });
    await setup();
    expect(settings()).toMatchObject({ COMPOSE_PROFILES: 'mine', CLICKHOUSE_URL: '' });
  });

  it('takes a certificate of one’s own, if it fits', async () => {
    const { certFile, keyFile, caFile } = await makeCertificates(path('own'));
    const files = ['--certificates', 'files', '--cert', certFile, '--key', keyFile];
    expect((await setup('--host', 'robots.lab.example', ...files)).output).toContain('not for robots.lab.example');
    const wrong = await setup('--host', '127.0.0.1', ...files.slice(0, -1), path('secrets/root.key'));
    expect(wrong.output).toContain('is not the key of');
    const { code, output } = await setup('--host', '127.0.0.1', ...files, '--ca', caFile);
    expect([code, output]).toEqual([0, expect.stringContaining('https://127.0.0.1:')]);
    expect(text('certificates/ca.crt')).toBe(readFileSync(caFile, 'utf8'));
    expect((await setup()).code).toBe(0);
    expect(text('certificates/ca.crt')).toBe(readFileSync(caFile, 'utf8'));
    expect((await setup('--certificates', 'private')).code).toBe(0);
    expect(settings().CA_FILE).toBe('/run/ca/ca.crt');
    expect(text('certificates/ca.crt')).toBe(text('secrets/edge/root.crt'));
    expect((await setup(...files)).code).toBe(0);
    expect(settings().CA_FILE).toBe('');
  });

  it.each([
    [['--host', 'https://robots.example'], 'is not a name or an IPv4 address'],
    [['--host', 'robots.example:9101'], 'is not a name or an IPv4 address'],
    [['--certificates', 'none'], 'private, acme or files'],
    [['--store', 'postgres'], 'influxdb or clickhouse'],
    [['--certificates', 'acme'], 'needs an e-mail address'],
    [['--certificates', 'files', '--cert', '/nowhere'], 'two files that can be read'],
    [['--host'], '--host needs a value'],
    [['--frobnicate'], 'Unknown option --frobnicate'],
  ])('refuses %o with a clear message', async (args, sentence) => {
    const { code, output } = await setup(...(args as string[]));
    expect([code, output]).toEqual([1, expect.stringContaining(sentence as string)]);
  });
});
