import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as oidc from 'openid-client';
import pg from 'pg';
import { setUpInflux } from '../apps/api/src/stores/influxdb/setup.ts';
import { Browser } from '../apps/api/test/support/browser.ts';
import { startInfluxd } from '../tools/real/influxd.ts';
import { embeddedDatabaseUrl, pairRobots, startRobowatch } from './robowatch.ts';

/**
 * What the gateway for Flux adds to a query beside the same query straight to InfluxDB, for users with so many robots, of
 * whom everybody's points are in one bucket. Straight and through take turns, so that both meet the same machine.
 */
const { values } = parseArgs({
  options: { robots: { type: 'string', default: '1,100,10000' }, reads: { type: 'string', default: '40' } },
});
const sizes = values.robots.split(',').map(Number);
const reads = Number(values.reads);
const POINTS = 6;
const SECRET = randomBytes(24).toString('hex');
const PASSWORD = randomBytes(12).toString('hex');

const dir = await mkdtemp(join(tmpdir(), 'robowatch-gateway-'));
const influxd = await startInfluxd();
const { url, org, bucket, adminToken } = influxd;
const { writeToken, readToken } = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 86_400 });
const influx = { INFLUX_URL: url, INFLUX_ORG: org, INFLUX_WRITE_TOKEN: writeToken, INFLUX_READ_TOKEN: readToken };
const GRAFANA = { url: 'https://grafana.lab.example', secret: randomBytes(24).toString('hex') };
const openId = { GRAFANA_URL: GRAFANA.url, OIDC_GRAFANA_SECRET: GRAFANA.secret, OIDC_TOKEN_TTL: '1h' };
const server = await startRobowatch(dir, { ...influx, ...openId, GRAFANA_GATEWAY_SECRET: SECRET }, 0);
const database = new pg.Client(embeddedDatabaseUrl(dir));
const json = { 'content-type': 'application/json' };

async function post(path: string, body: object, token?: string) {
  const headers = { ...json, ...(token && { authorization: `Bearer ${token}` }) };
  const reply = await fetch(`${server.url}/api${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as { id: number; access_token: string };
}

/** @returns the access token that Grafana gets for somebody */
async function openGrafana(email: string): Promise<string> {
  const browser = new Browser(server.webUrl);
  await browser.go('/api/auth/login', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  const basic = oidc.ClientSecretBasic(GRAFANA.secret);
  const known = { id_token_signed_response_alg: 'RS256' };
  const insecure = { execute: [oidc.allowInsecureRequests] };
  const config = await oidc.discovery(new URL(`${server.webUrl}/oidc`), 'grafana', known, basic, insecure);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    ...{ redirect_uri: `${GRAFANA.url}/login/generic_oauth`, scope: 'openid profile email', state },
    ...{ code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
  });
  const { url: back } = await browser.go(url);
  const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
  return tokens.access_token;
}

/** Robots with ids in no order, as if they had been paired in turn with others'. */
async function makeUsers(admin: string) {
  const users = [];
  for (const size of sizes) {
    const email = `user-${size}@lab.example`;
    const { id } = await post('/users', { email, name: `${size} robots`, role: 'user', password: PASSWORD }, admin);
    users.push({ id, size, email, ids: [] as number[], token: '' });
  }
  const owners = users.flatMap(({ id, size }) => Array<number>(size).fill(id));
  await database.query(
    `insert into robots (name, hostname, architecture, status, owner_id, first_write_at)
      select 'robot', 'orange', 'arm64', 'active', owner, now() from unnest($1::int[]) owner order by random()`,
    [owners],
  );
  for (const user of users) {
    const { rows } = await database.query<{ id: number }>('select id from robots where owner_id = $1 order by id', [
      user.id,
    ]);
    user.ids = rows.map(({ id }) => id);
    user.token = await openGrafana(user.email);
  }
  return users;
}

async function write(ids: number[]) {
  const now = Date.now();
  for (let i = 0; i < ids.length; i += 1000) {
    const lines = ids
      .slice(i, i + 1000)
      .flatMap((id) =>
        Array.from(
          { length: POINTS },
          (_, k) =>
            `cpu,arch=arm64,cpu=cpu-total,hostname=orange,robot=robot,robot_id=${id} usage_idle=${k} ${now - k * 10_000}`,
        ),
      );
    const path = `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ms' })}`;
    const reply = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Token ${writeToken}` },
      body: lines.join('\n'),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}

async function timed(to: string, headers: Record<string, string>, query: string) {
  const dialect = { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true };
  const begin = performance.now();
  const reply = await fetch(to, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify({ query, type: 'flux', dialect }),
  });
  const text = await reply.text();
  const ms = performance.now() - begin;
  if (reply.status !== 200) throw new Error(text);
  return { ms, rows: text.match(/\n,,\d/g)?.length ?? 0 };
}

const median = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const READ = `from(bucket: "${bucket}") |> range(start: -1h)`;
const OF_CPU = 'r._measurement == "cpu" and r._field == "usage_idle"';
const WINDOWS = '|> aggregateWindow(every: 10s, fn: mean, createEmpty: false)';
const LASTS = '|> last() |> group() |> count()';

try {
  await database.connect();
  const { access_token: admin } = await pairRobots(server.url, 0);
  const users = await makeUsers(admin);
  await write(users.flatMap(({ ids }) => ids));
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model.trim()}; ${users.reduce((sum, { size }) => sum + size, 0)} robots in the bucket\n\n`,
  );
  process.stdout.write(
    '| robots of the user | query | straight, ms | through, ms | added, ms | ratio |\n|---|---|---|---|---|---|\n',
  );
  for (const { size, ids, token } of users) {
    const one = `${READ} |> filter(fn: (r) => r.robot_id == "${ids[ids.length >> 1]}" and ${OF_CPU}) ${WINDOWS}`;
    const own = `|> filter(fn: (r) => r.robot_id =~ /^(${ids.join('|')})$/)`;
    const all = (limit: string) => `${READ} ${limit} |> filter(fn: (r) => ${OF_CPU}) ${LASTS}`;
    for (const [name, straight, through] of [
      ['a chart of one robot', one, one],
      ['the newest value of every robot', all(own), all('')],
    ] as const) {
      const times: [number[], number[]] = [[], []];
      for (let i = -3; i < reads; i++) {
        const direct = await timed(`${url}/api/v2/query?org=${org}`, { authorization: `Token ${readToken}` }, straight);
        const headers = { authorization: `Bearer ${token}`, 'x-robowatch-gateway': SECRET };
        const gateway = await timed(`${server.url}/grafana/api/v2/query`, headers, through);
        if (direct.rows !== gateway.rows) throw new Error(`${direct.rows} rows straight, ${gateway.rows} through`);
        if (i >= 0) for (const [k, { ms }] of [direct, gateway].entries()) times[k as 0 | 1].push(ms);
      }
      const [s, t] = times.map(median) as [number, number];
      const added = median(times[1].map((ms, i) => ms - (times[0][i] as number)));
      process.stdout.write(
        `| ${size} | ${name} | ${s.toFixed(1)} | ${t.toFixed(1)} | ${added.toFixed(1)} | ${(t / s).toFixed(2)} |\n`,
      );
    }
  }
} finally {
  await database.end().catch(() => {});
  await server.stop();
  await influxd.stop();
  await rm(dir, { recursive: true, force: true });
}
