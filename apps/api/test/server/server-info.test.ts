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
  const api = useTestApi({ CA_FILE, GRAFANA_URL: 'https://grafana.example/', PUBLIC_URL: 'https://robots.example/' });
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
      needs_setup: true,
    });
  });

  it('serves an installer with its URL, its CA and the digests of its files', async () => {
    const text = async (path: string) => (await fetch(url + path)).text();
    const script = await text('/install.sh');
    expect(script).toContain("SERVER_URL='https://robots.example'");
    expect(script).toContain(`SERVER_CA='${rootCertificates[0]?.trim()}'`);
    expect(script).not.toMatch(/'@[A-Z_]+@'/);
    for (const name of ['telegraf.conf', 'logs.conf', 'journal.sh']) {
      const digest = createHash('sha256')
        .update(await text(`/agent/${name}`))
        .digest('hex');
      expect(script).toContain(`${digest}  ${name}`);
    }
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
