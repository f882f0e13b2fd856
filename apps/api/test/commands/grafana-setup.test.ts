import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { setUpGrafana } from '../../src/commands/grafana-setup.ts';

const DASHBOARDS = join(import.meta.dirname, '../../../../deploy/grafana/dashboards/own');
const PASSWORD = 'of-grafana’s-administrator';

interface Call {
  method: string;
  path: string;
  organisation: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: of several shapes
  body: any;
}

/**
 * Answers as Grafana's documentation says of the calls that are made here, and writes them down: Grafana itself cannot be
 * run in these tests. https://grafana.com/docs/grafana/v12.4/developers/http_api/
 */
async function documentedGrafana({ organisations = [{ id: 1, name: 'Main Org.' }], nextId = 2 } = {}) {
  const calls: Call[] = [];
  const [sources, folders, dashboards] = [
    new Map<string, object>(),
    new Map<string, object>(),
    new Map<string, object>(),
  ];
  const kept: Record<string, Map<string, object>> = { datasources: sources, folders };
  const server = createServer(async (request, reply) => {
    const { method = '', url: path = '', headers } = request;
    const sent = await text(request);
    const body = sent ? JSON.parse(sent) : undefined;
    const say = (status: number, what: object) => reply.writeHead(status).end(JSON.stringify(what));
    const [user, password] = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':');
    if (user !== 'admin' || password !== PASSWORD) return say(401, { message: 'Invalid username or password' });
    const organisation = headers['x-grafana-org-id'] as string | undefined;
    calls.push({ method, path, organisation, body });
    if (organisation && !organisations.some(({ id }) => String(id) === organisation))
      return say(401, { message: 'not a member' });
    const [, , kind = '', ...rest] = path.split('/');
    if (kind === 'orgs' && method === 'POST') {
      organisations.push({ id: nextId, name: body.name });
      return say(200, { orgId: nextId, message: 'Organization created' });
    }
    if (kind === 'orgs') {
      const found = organisations.find(({ name }) => name === decodeURIComponent(rest[1] ?? ''));
      return found ? say(200, found) : say(404, { message: 'Organization not found' });
    }
    const uid = rest.at(-1) ?? '';
    const known = kept[kind];
    if (known && method === 'GET') return known.has(uid) ? say(200, {}) : say(404, { message: 'not found' });
    if (known && method === 'POST' && known.has(body.uid)) return say(409, { message: 'exists' });
    if (known && method === 'PUT' && !known.has(uid)) return say(404, { message: 'not found' });
    if (known) {
      known.set(body.uid, body);
      return say(200, { uid: body.uid });
    }
    if (path === '/api/dashboards/db' && method === 'POST') {
      if (!folders.has(body.folderUid) || body.dashboard.id !== null) return say(400, { message: 'bad' });
      if (dashboards.has(body.dashboard.uid) && !body.overwrite) return say(412, { message: 'exists' });
      dashboards.set(body.dashboard.uid, body.dashboard);
      return say(200, { status: 'success' });
    }
    if (path === '/api/org/preferences' && method === 'PATCH') return say(200, { message: 'Preferences updated' });
    return say(404, { message: 'not in the documentation' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const setUp = (more: object = {}) =>
    setUpGrafana({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      password: PASSWORD,
      apiUrl: 'http://api:9100',
      gatewaySecret: 'of-the-gateway',
      dashboards: DASHBOARDS,
      expectedId: 2,
      ...more,
    });
  return { calls, sources, dashboards, setUp };
}

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

describe('setting up Grafana', () => {
  it('makes the users’ organisation, with the gateway as its only data source', async () => {
    const grafana = await documentedGrafana();
    await grafana.setUp();
    expect(grafana.calls.map(({ method, path, organisation }) => `${organisation ?? '-'} ${method} ${path}`)).toEqual([
      '- GET /api/orgs/name/Fleet',
      '- POST /api/orgs',
      '2 GET /api/datasources/uid/robowatch-influxdb',
      '2 POST /api/datasources',
      '2 GET /api/folders/robowatch',
      '2 POST /api/folders',
      '2 POST /api/dashboards/db',
      '2 PATCH /api/org/preferences',
    ]);
    expect([...grafana.sources.values()]).toEqual([
      {
        ...{ name: 'Robowatch', uid: 'robowatch-influxdb', type: 'influxdb', access: 'proxy', isDefault: true },
        url: 'http://api:9100/grafana',
        jsonData: {
          ...{ version: 'Flux', organization: 'robowatch', defaultBucket: 'robots' },
          ...{ oauthPassThru: true, httpHeaderName1: 'X-Robowatch-Gateway' },
        },
        // No token: Grafana would send that instead of the person's own.
        secureJsonData: { httpHeaderValue1: 'of-the-gateway' },
      },
    ]);
    expect([...grafana.dashboards.keys()]).toEqual(['robowatch-fleet']);
  });

  it('changes what differs when it is run again', async () => {
    const grafana = await documentedGrafana();
    await grafana.setUp();
    const first = grafana.calls.length;
    await grafana.setUp({ gatewaySecret: 'another' });
    expect(grafana.calls.slice(first).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/orgs/name/Fleet',
      'GET /api/datasources/uid/robowatch-influxdb',
      'PUT /api/datasources/uid/robowatch-influxdb',
      'GET /api/folders/robowatch',
      'PUT /api/folders/robowatch',
      'POST /api/dashboards/db',
      'PATCH /api/org/preferences',
    ]);
    expect(grafana.sources.get('robowatch-influxdb')).toMatchObject({
      secureJsonData: { httpHeaderValue1: 'another' },
    });
  });

  it('puts nothing where people are not mapped to', async () => {
    const grafana = await documentedGrafana({ nextId: 5 });
    await expect(grafana.setUp()).rejects.toThrow(/has the number 5.*GRAFANA_FLEET_ORG=5/);
    expect(grafana.sources.size).toBe(0);
    await grafana.setUp({ expectedId: 5 });
    expect(grafana.calls.at(-1)?.organisation).toBe('5');
  });

  it.each([
    [{ password: 'wrong' }, /refuses its administrator/],
    [{ url: 'http://127.0.0.1:9' }, /cannot be reached/],
  ])('says what is wrong: %j', async (more, message) => {
    const grafana = await documentedGrafana();
    await expect(grafana.setUp(more)).rejects.toThrow(message);
  });
});
