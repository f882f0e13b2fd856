import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureCompose } from '../../tools/real/docker-programs.ts';

/** What of Compose's own rendering of a service is looked at here. */
interface Service {
  user: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  restart: string;
  environment?: Record<string, string | null>;
  networks: Record<string, unknown>;
  ports?: unknown[];
  secrets?: { source: string; target?: string }[];
  depends_on?: Record<string, { condition: string; required: boolean }>;
  deploy: { resources: { limits: { memory: string; cpus: number; pids: number } } };
}

const DEPLOY = join(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'robowatch-compose-'));
const run = (command: string, args: string[]) => promisify(execFile)(command, args, { cwd: dir });
let compose: string;
const services = async (): Promise<Record<string, Service>> =>
  JSON.parse((await run(compose, ['config', '--format', 'json'])).stdout).services;
const namesOf = ({ secrets = [] }: Service) => secrets.map(({ source }) => source).sort();

beforeAll(async () => {
  compose = join(await ensureCompose(), 'docker-compose');
  const own = ['.env', 'api.env', 'secrets', 'certificates', 'backups'].map((name) => join(DEPLOY, name));
  cpSync(DEPLOY, dir, { recursive: true, filter: (path) => !own.includes(path) });
  await run('./setup', ['--yes', '--host', 'robots.lab.example']);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the profile clickhouse of compose.yaml', () => {
  it('is off by default', async () => {
    const { api, ...others } = await services();
    expect(Object.keys(others)).toContain('influxdb');
    expect(Object.keys(others).filter((name) => name.startsWith('clickhouse'))).toEqual([]);
    expect(api?.environment?.CLICKHOUSE_URL).toBe('');
  });

  it('adds ClickHouse and its set-up, which the server waits for and gets two users of', async () => {
    await run('./setup', ['--yes', '--store', 'clickhouse']);
    const { api, clickhouse, 'clickhouse-setup': job } = (await services()) as Record<string, Service>;
    if (!api || !clickhouse || !job) throw new Error('A service is missing.');
    for (const service of [clickhouse, job]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      });
      expect(Object.keys(service.deploy.resources.limits).sort()).toEqual(['cpus', 'memory', 'pids']);
      expect(Object.keys(service.networks)).toEqual(['api-data']);
      expect(service.ports).toBeUndefined();
    }
    expect([clickhouse.restart, job.restart]).toEqual(['unless-stopped', 'no']);
    expect(api.environment).toMatchObject({
      CLICKHOUSE_URL: 'http://clickhouse:8123',
      CLICKHOUSE_WRITER_PASSWORD_FILE: '/run/secrets/clickhouse-writer-password',
      CLICKHOUSE_READER_PASSWORD_FILE: '/run/secrets/clickhouse-reader-password',
    });
    expect(api.depends_on?.['clickhouse-setup']?.condition).toBe('service_completed_successfully');
    expect(job.depends_on?.clickhouse?.condition).toBe('service_healthy');
    expect(namesOf(api)).not.toContain('clickhouse-admin-password');
    expect(namesOf(api)).toEqual(expect.arrayContaining(['clickhouse-reader-password', 'clickhouse-writer-password']));
    expect(namesOf(clickhouse)).toEqual(['clickhouse-admin-password', 'clickhouse-users']);
  });

  it('has the hash of the administrator’s password where ClickHouse reads its users', async () => {
    const password = readFileSync(join(dir, 'secrets/clickhouse-admin-password'), 'utf8');
    const users = readFileSync(join(dir, 'secrets/clickhouse-users'), 'utf8');
    expect(users).toContain(`<password_sha256_hex>${createHash('sha256').update(password).digest('hex')}<`);
    const { clickhouse } = await services();
    const target = clickhouse?.secrets?.find(({ source }) => source === 'clickhouse-users')?.target;
    expect(target).toBe('/etc/clickhouse-server/users.d/robowatch.xml');
  });

  it('has no secret in what Compose renders', async () => {
    const rendered = (await run(compose, ['config'])).stdout;
    for (const name of ['admin', 'writer', 'reader'])
      expect(rendered).not.toContain(readFileSync(join(dir, `secrets/clickhouse-${name}-password`), 'utf8'));
  });
});
