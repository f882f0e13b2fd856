import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';
import { freshDatabase } from '../support/test-api.ts';

const HOURS = 240;
const SERIES = 12;
const dir = mkdtempSync(join(tmpdir(), 'robowatch-rollups-'));
const secret = randomBytes(32).toString('hex');
const env = { DATA_DIR: dir, SECRET_KEY: secret, ROLLUP_DELAY: '10' };
let url: string;
let database: pg.Client;
let server: ServerProcess | undefined;

beforeAll(async () => {
  url = await freshDatabase();
  database = new pg.Client(url);
  await database.connect();
});
afterAll(async () => {
  await server?.end();
  await database?.end();
  rmSync(dir, { recursive: true, force: true });
});

const one = async (query: string) => Number((await database.query(query)).rows[0]?.n);
const due = () => one('select count(*) as n from rollup_due where due_at <= now()');
const rolled = () => one('select count(*) as n from rollup_hours where hour < floor(extract(epoch from now()) / 3600)');

it('killed in the middle of rolling up, it goes on where it was: no hour is missing, none is doubled', async () => {
  server = await launch({ env: { ...env, DATABASE_URL: url } });
  const token = await server.signIn();
  await server.call('POST', '/pair', { body: { hostname: 'orange', code: '27182818' } });
  const robot = (await server.call('POST', '/pair/27182818/confirm', { token, body: {} })).body.influxdb_token;
  const begin = Math.floor(Date.now() / 3_600_000) * 3600 - (HOURS + 2) * 3600;
  const lines: string[] = [];
  for (let minute = 0; minute < HOURS * 60; minute += 20)
    for (let series = 0; series < SERIES; series++) lines.push(`m,s=${series} v=${minute} ${begin + minute * 60}`);
  for (let i = 0; i < lines.length; i += 3000) {
    const body = lines.slice(i, i + 3000).join('\n');
    const reply = await server.call('POST', '/metrics?precision=s', { token: robot, body });
    expect(reply.status).toBe(204);
  }
  await database.query('update rollup_due set due_at = now()');
  const all = HOURS * SERIES;
  // The first are there, the last are not.
  await expect.poll(rolled, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
  await server.end('SIGKILL');
  const before = await rolled();
  expect(before).toBeLessThan(all);
  await database.query('update rollup_due set taken_until = null');

  server = await launch({ env: { ...env, DATABASE_URL: url } });
  await expect.poll(due, { timeout: 90_000, interval: 500 }).toBe(0);
  expect(await rolled()).toBe(all);
  expect(await one('select sum(count) as n from rollup_hours')).toBe(lines.length);
  expect(await one('select sum(count) as n from rollup_days')).toBe(lines.length);
}, 240_000);
