import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates } from '../../../../tools/real/certificates.ts';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { startRedis } from '../../../../tools/real/redis.ts';
import { launch } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-encrypted-'));
let tls: Awaited<ReturnType<typeof makeCertificates>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let redis: Awaited<ReturnType<typeof startRedis>>;

beforeAll(async () => {
  tls = await makeCertificates(join(dir, 'certificates'));
  postgres = await startPostgres({ tls });
  redis = await startRedis({ tls });
});
afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
});

const start = (query: string) =>
  launch({
    env: {
      ...{ DATABASE_URL: `${postgres.url}?${query}`, REDIS_URL: redis.url, DATA_DIR: dir },
      ...{ SECRET_KEY: randomBytes(32).toString('hex'), NODE_EXTRA_CA_CERTS: tls.caFile },
    },
  });

it('uses TLS for every connection to PostgreSQL and Redis', async () => {
  const server = await start(`sslmode=verify-full&sslrootcert=${tls.caFile}`);
  try {
    expect(await server.signIn('nobody@lab.example')).toBeUndefined();
    expect(await server.signIn()).toBeTruthy();
    const look = new pg.Client({ connectionString: postgres.url, ssl: { ca: tls.ca } });
    await look.connect();
    const { rows } = await look.query(
      "select count(*)::int as all, count(*) filter (where ssl)::int as encrypted from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'robowatch%'",
    );
    await look.end();
    expect(rows[0].all).toBeGreaterThan(1);
    expect(rows[0].encrypted).toBe(rows[0].all);
    const counters = new Redis(redis.url, { tls: { ca: tls.ca } });
    expect(await counters.keys('*')).toContain('robowatch:login-account:nobody@lab.example');
    counters.disconnect();
  } finally {
    await server.end();
  }
});

it('does not start when the database’s certificate is not trusted', async () => {
  const other = await makeCertificates(join(dir, 'other'));
  const server = await start(`sslmode=verify-full&sslrootcert=${other.caFile}`);
  expect(server.child.exitCode).toBe(1);
  expect(server.output()).toMatch(/Cannot use the database of DATABASE_URL: .*certificate/);
});
