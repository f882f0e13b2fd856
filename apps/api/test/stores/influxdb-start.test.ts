import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { startInfluxd } from '../../../../tools/real/influxd.ts';
import { type Into, influxSetup, readInflux } from '../../src/commands/influx-setup.ts';
import { compose } from '../../src/composition.ts';
import { loadConfig } from '../../src/config/config.ts';
import { setUpInflux } from '../../src/stores/influxdb/setup.ts';
import { openStore } from '../../src/stores/open-store.ts';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return influx.settings;
});
afterAll(() => influx?.stop());

describe('setting up', () => {
  it('is idempotent, and returns a token that can only write and one that can only read', async () => {
    const { url, org, bucket, adminToken, settings } = influx;
    const again = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 30 * 86_400 });
    expect(again).toEqual({ writeToken: settings.INFLUX_WRITE_TOKEN, readToken: settings.INFLUX_READ_TOKEN });
    const write = (token: string) =>
      fetch(`${url}/api/v2/write?org=${org}&bucket=${bucket}`, {
        method: 'POST',
        headers: { authorization: `Token ${token}` },
        body: 'm v=1',
      });
    const read = (token: string) =>
      fetch(`${url}/api/v2/query?org=${org}`, {
        method: 'POST',
        headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux', accept: 'application/csv' },
        body: `from(bucket: "${bucket}") |> range(start: -1m)`,
      });
    expect((await write(again.writeToken)).status).toBe(204);
    expect((await write(again.readToken)).ok).toBe(false);
    expect((await read(again.readToken)).status).toBe(200);
    expect(await (await read(again.writeToken)).text()).toContain('could not find bucket');
    for (const token of Object.values(again)) {
      const orgs = await fetch(`${url}/api/v2/authorizations`, { headers: { authorization: `Token ${token}` } });
      expect(((await orgs.json()) as { authorizations?: unknown[] }).authorizations ?? []).toEqual([]);
    }
  });

  it('follows no redirect, which would take the operator token elsewhere', async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, reply) => {
      asked.push(request.url as string);
      if (request.url?.startsWith('/elsewhere')) return void reply.end('{}');
      reply.writeHead(307, { location: '/elsewhere' }).end();
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const { org, bucket, adminToken } = influx;
    await expect(setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 86_400 })).rejects.toThrow(url);
    elsewhere.close();
    expect(asked).not.toContain('/elsewhere');
    expect(asked.length).toBeGreaterThan(0);
  });

  it('sets up a new InfluxDB', async () => {
    const bare = await startInfluxd({ bare: true });
    const adminToken = randomBytes(32).toString('hex');
    const setup = { url: bare.url, org: 'lab', bucket: 'robots', adminToken, retentionSeconds: 7 * 86_400 };
    const tokens = await setUpInflux(setup);
    expect(await setUpInflux(setup)).toEqual(tokens);
    const written = await fetch(`${bare.url}/api/v2/write?org=lab&bucket=robots`, {
      method: 'POST',
      headers: { authorization: `Token ${tokens.writeToken}` },
      body: 'm v=1',
    });
    expect(written.status).toBe(204);
    const buckets = await fetch(`${bare.url}/api/v2/buckets?name=robots`, {
      headers: { authorization: `Token ${adminToken}` },
    });
    const { buckets: found } = (await buckets.json()) as { buckets: { retentionRules: { everySeconds: number }[] }[] };
    expect(found[0]?.retentionRules[0]?.everySeconds).toBe(7 * 86_400);
    await bare.stop();
  });

  it('writes the tokens to a file readable by its owner only, and says what is missing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'robowatch-influx-setup-'));
    const file = join(dir, '.env');
    writeFileSync(file, 'API_PORT=1\nINFLUX_WRITE_TOKEN=old\n', { mode: 0o644 });
    const env = { INFLUX_URL: influx.url, INFLUX_ORG: influx.org, INFLUX_ADMIN_TOKEN: influx.adminToken };
    const setUp = async (given: Record<string, string>, into: Into) => influxSetup(readInflux(given), into);
    await setUp(env, { envFile: file });
    const text = readFileSync(file, 'utf8');
    expect(text).toBe(
      `API_PORT=1\nINFLUX_ORG=robowatch\nINFLUX_WRITE_TOKEN=${influx.settings.INFLUX_WRITE_TOKEN}\nINFLUX_READ_TOKEN=${influx.settings.INFLUX_READ_TOKEN}\n`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(setUp({ ...env, INFLUX_ADMIN_TOKEN: '' }, { envFile: file })).rejects.toThrow(
      'Set INFLUX_ADMIN_TOKEN',
    );
    await expect(setUp({ ...env, INFLUX_ADMIN_TOKEN: 'x'.repeat(40) }, { envFile: file })).rejects.toThrow('refuses');
    await expect(setUp({ ...env, INFLUX_URL: 'http://127.0.0.1:1' }, { envFile: file })).rejects.toThrow(
      'cannot be reached',
    );
    rmSync(dir, { recursive: true });
  });
});

describe('starting', () => {
  it.each([
    ['INFLUX_WRITE_TOKEN', 'wrong', 'InfluxDB refuses INFLUX_WRITE_TOKEN.'],
    ['INFLUX_READ_TOKEN', 'wrong', 'InfluxDB refuses INFLUX_READ_TOKEN.'],
    ['INFLUX_BUCKET', 'none', 'InfluxDB has no such organisation or bucket.'],
    ['INFLUX_ORG', 'nobody', 'InfluxDB has no such organisation or bucket.'],
  ])('with a wrong %s fails with a clear message', async (name, value, sentence) => {
    const { url } = api.deps().config.database;
    const env = { DATABASE_URL: url, SECRET_KEY: randomBytes(32).toString('hex'), LOG_LEVEL: 'silent' };
    await expect(compose(loadConfig({ ...env, ...influx.settings, [name]: value }))).rejects.toThrow(sentence);
  });

  it('succeeds while InfluxDB is unreachable, but is not ready and logs a warning', async () => {
    const { config, db } = api.deps();
    const away = { ...config, influx: config.influx && { ...config.influx, url: 'http://127.0.0.1:1' } };
    const deps = await compose(away);
    await expect(deps.store.ready()).rejects.toThrow();
    await deps.close();
    const said: string[] = [];
    const store = await openStore(db, db, away, pino({ level: 'warn' }, { write: (line) => said.push(line) }));
    expect(said.join()).toContain('InfluxDB at INFLUX_URL does not respond');
    await store.close();
  });
});
