import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../../../package.json' with { type: 'json' };
import { buildWebServer } from '../../src/web/web-server.ts';
import { useTestApi } from '../support/test-api.ts';

const CA_FILE = join(mkdtempSync(join(tmpdir(), 'robowatch-ca-')), 'ca.pem');
writeFileSync(CA_FILE, `${rootCertificates[0]}\n`);

describe('a server with a private CA and Grafana', () => {
  const api = useTestApi({
    CA_FILE,
    GRAFANA_URL: 'https://grafana.example/',
    SUPERSET_URL: 'https://superset.example',
    PUBLIC_URL: 'https://robots.example/',
  });
  let web: Awaited<ReturnType<typeof buildWebServer>>;
  let url: string;
  beforeAll(async () => {
    web = await buildWebServer(api.app(), api.deps().config);
    await new Promise<void>((listening) => web.server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(web.server.address() as { port: number }).port}`;
  });
  afterAll(() => web.close());

  it('describes itself without sign-in, and serves the certificate matching its digest', async () => {
    const served = Buffer.from(await (await fetch(`${url}/ca.crt`)).arrayBuffer());
    expect(served.toString()).toBe(`${rootCertificates[0]}\n`);
    expect(await (await fetch(`${url}/api/server`)).json()).toEqual({
      version: packageJson.version,
      public_url: 'https://robots.example',
      demo: false,
      ca_sha256: createHash('sha256').update(served).digest('hex'),
      grafana_url: 'https://grafana.example',
      superset_url: 'https://superset.example',
      passkeys: true,
      identity_provider: null,
      needs_setup: true,
    });
  });

  it('serves an installer with its URL, its CA and the digests of its files', async () => {
    const text = async (path: string) => (await fetch(url + path)).text();
    const script = await text('/install.sh');
    expect(script).toContain("SERVER_URL='https://robots.example'");
    expect(script).toContain(`SERVER_CA='${rootCertificates[0]?.trim()}'`);
    expect(script).not.toMatch(/'@[A-Z_]+@'/);
    for (const name of ['telegraf.conf', 'logs.conf', 'journal.sh', 'buffer.conf', 'take.sh', 'service.conf']) {
      const digest = createHash('sha256')
        .update(await text(`/agent/${name}`))
        .digest('hex');
      expect(script).toContain(`${digest}  ${name}`);
    }
  });

  it('answers the probes of InfluxDB clients, and gives robots’ programs examples', async () => {
    const ping = await fetch(`${url}/ping`);
    expect([ping.status, ping.headers.get('x-influxdb-version')]).toEqual([204, packageJson.version]);
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'pass' });
    for (const name of ['robowatch_lines.py', 'robowatch_node.py'])
      expect(await (await fetch(`${url}/agent/${name}`)).text()).toContain('sensor_msgs');
  });

  it('draws a pairing code for a terminal, and not without end', async () => {
    const draw = (code: string) => fetch(`${url}/agent/qr/${code}`);
    const drawn = await draw('12345678');
    expect(drawn.status).toBe(200);
    expect(await drawn.text()).toMatch(/^[ ▀▄█\n]{400,}$/);
    for (const other of ['1234567', '123456789', 'abcdefgh', '..%2f..%2f'])
      expect((await draw(other)).status).toBe(404);
    const flood = await Promise.all(Array.from({ length: 400 }, () => draw('12345678')));
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect((await fetch(`${url}/install.sh`)).status).toBe(200);
    await expect.poll(async () => (await draw('12345678')).status).toBe(200);
  });
});

describe('a server without them', () => {
  const api = useTestApi();
  it('says so', async () => {
    expect((await api.call('GET', '/server')).body).toMatchObject({ ca_sha256: null, grafana_url: null });
  });

  it('says that it needs setup until there is a user', async () => {
    expect((await api.call('GET', '/server')).body.needs_setup).toBe(true);
    await api.person('admin');
    expect((await api.call('GET', '/server')).body.needs_setup).toBe(false);
  });
});
