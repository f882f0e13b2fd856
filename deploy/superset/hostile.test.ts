import { createServer, type Server } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Person } from '../../apps/api/test/support/test-api.ts';
import { type Asked, asksOf, asPerson } from './as-person.ts';
import { openSuperset } from './client.ts';
import { type Attack, attacks, type Targets } from './hostile-requests.ts';
import { limitTests } from './limit-tests.ts';
import { useSignedInSuperset } from './signed-in.ts';
import { uuidOf } from './uuid-of.ts';

const CANARY = /canary|Person 2|person-2@|CANARY/;
/** What would tell of files, accounts and settings. */
const SECRET = /root:x:0|scram-sha-256|\$argon2|robowatch\.viewer=|all\.\d{10}\.|postgresql\+?\w*:\/\/[^:]+:[^X@]/i;
/** A table in which Superset notes who was there, and when. */
const NOTES = ['ab_user_stat'];
const { api, superset, supersetDatabase, adminDatabase, fleet, open } = useSignedInSuperset({
  arm: 'own-arm',
  base: 'canary-base',
  quiet: 'canary-quiet',
});

let admin: Person;
let targets: Targets;
let listener: Server;
let connections = 0;
let local: Awaited<ReturnType<typeof openSuperset>>;
beforeAll(async () => {
  admin = await api.person('admin');
  listener = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((done) => void listener.listen(0, '127.0.0.1', done));
  local = await openSuperset(superset().url, superset().password);
  targets = await findTargets();
}, 300_000);
afterAll(() => void listener?.close());

async function findTargets(): Promise<Targets> {
  const made = async (kind: string, body: object) => {
    const reply = await local.call('POST', `/api/v1/${kind}`, body);
    expect(reply.status, JSON.stringify(reply.body)).toBe(201);
    return reply.body;
  };
  const datasets = (await local.list('dataset')).map(({ id }) => id);
  const chart = (await local.list('chart')).find(({ uuid }) => uuid === uuidOf('chart', 'rel-worst'))?.id as number;
  const asked: Asked = await asksOf(local, chart, 'robowatch-reliability');
  const of = { datasource_id: asked.datasource.id, datasource_type: 'table' };
  const query_context = JSON.stringify({ ...asked, form_data: {} });
  const foreign = {
    chart: (await made('chart/', { ...of, slice_name: 'CANARY chart', viz_type: 'table', params: '{}', query_context }))
      .id,
    dashboard: (await made('dashboard/', { dashboard_title: 'CANARY dashboard', published: true })).id,
    dataset: (
      await made('dataset/', { database: 1, schema: 'public', table_name: 'CANARY', sql: 'select * from robot_states' })
    ).id,
    formKey: (await made('explore/form_data', { ...of, form_data: '{"x": "CANARY"}' })).key,
    permalink: (
      await made('explore/permalink', { formData: { datasource: `${of.datasource_id}__table`, x: 'CANARY' } })
    ).key,
  };
  // The other user signs in, chooses something in a dashboard, and has rows cached.
  const other = await asPerson(await open(fleet().owners[1].email));
  expect((await other.ask({ ...asked, force: true })).text).toMatch(CANARY);
  expect((await other.ask({ ...asked, force: false })).text).toMatch(CANARY);
  const dashboard = asked.form_data.dashboardId as number;
  const state = await other.call('POST', `/api/v1/dashboard/${dashboard}/filter_state`, { value: '{"x": "CANARY"}' });
  const { result } = (await local.call('GET', '/api/v1/security/users/?q=(page_size:100)')).body;
  const user = result.find(({ username }: { username: string }) => username === fleet().owners[1].email).id;
  const { port } = listener.address() as { port: number };
  const filterKey = JSON.parse(state.text).key;
  return { asked, datasets, chart, dashboard, foreign: { ...foreign, user }, filterKey, listener: port };
}

/** How many rows each of Superset's own tables has. */
async function everything(): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: supersetDatabase() });
  await client.connect();
  const tables = await client.query("select tablename from pg_tables where schemaname = 'public' order by 1");
  const counts: Record<string, number> = {};
  for (const { tablename } of tables.rows)
    if (!NOTES.includes(tablename))
      counts[tablename] = Number((await client.query(`select count(*) from "${tablename}"`)).rows[0].count);
  const roles = await client.query('select user_id, role_id from ab_user_role order by 1, 2');
  await client.end();
  return { ...counts, roles: JSON.stringify(roles.rows) as never };
}

type Client = Awaited<ReturnType<typeof asPerson>>;
const send = ({ call }: Client, { method = 'GET', path, body, headers }: Attack) => call(method, path, body, headers);

/** Sends them all. @returns how many were tried, refused, failed, answered, and told something; and what told it */
async function tryAll(who: Client, all: Attack[]) {
  const groups = new Map<string, Record<'tried' | 'refused' | 'failed' | 'answered' | 'foreign', number>>();
  const faults: string[] = [];
  for (const attack of all) {
    const { status, text, location } = await send(who, attack);
    const told = CANARY.exec(text + location) ?? SECRET.exec(text);
    for (const name of [attack.group, 'all']) {
      const group = groups.get(name) ?? { tried: 0, refused: 0, failed: 0, answered: 0, foreign: 0 };
      group.tried++;
      group[status < 300 ? 'answered' : status < 500 ? 'refused' : 'failed']++;
      if (told) group.foreign++;
      groups.set(name, group);
    }
    const excerpt = text.slice(Math.max(0, (told?.index ?? 0) - 200), (told?.index ?? 0) + 300);
    const sent = JSON.stringify(attack.body)?.slice(0, 800);
    // Whoever is signed out is refused everything, which would tell nothing.
    if (told || (status === 401 && !attack.headers))
      faults.push(`${status} ${attack.method ?? 'GET'} ${attack.path} ${sent}\n${excerpt}`);
  }
  return { groups, faults };
}

it('gives a user no other’s rows, whatever is sent; nothing is written, and nothing goes out', async () => {
  const all = attacks(targets);
  const me = await asPerson(await open(fleet().owners[0].email));
  const administrator = await asPerson(await open(admin.email));
  expect((await me.ask(targets.asked)).text).toMatch(/own-arm/);
  const before = await everything();
  const { groups, faults } = await tryAll(me, all);
  const lines = [...groups].map(
    ([name, one]) =>
      `${name.padEnd(18)} tried ${one.tried}, refused ${one.refused}, failed ${one.failed}, answered ${one.answered}, foreign rows ${one.foreign}`,
  );
  process.stdout.write(`\n${lines.join('\n')}\n`);
  expect(faults).toEqual([]);
  expect(groups.get('all')?.tried).toBeGreaterThan(400);
  expect(await everything()).toEqual(before);
  expect(connections).toBe(0);
  expect((await me.ask(targets.asked)).text).toMatch(/own-arm/);

  // What only reads, by somebody who may see all: the attacks would tell if they could.
  const isRead = ({ group, path, method, headers }: Attack) =>
    !headers && group !== 'costly' && (path === '/api/v1/chart/data' || (!method && path.startsWith('/api/v1/')));
  const { groups: seen } = await tryAll(administrator, all.filter(isRead));
  const { tried = 0, foreign = 0 } = seen.get('all') ?? {};
  process.stdout.write(`An administrator: of ${tried} the same, ${foreign} tell\n`);
  expect(foreign).toBeGreaterThan(50);
}, 1_200_000);

limitTests({
  targets: () => targets,
  user: async (number) => asPerson(await open(fleet().owners[number].email)),
  adminDatabase,
  supersetDatabase,
  give: async (to) => {
    const body = { owner_id: fleet().owners[to].id };
    expect((await api.call('PATCH', `/robots/${fleet().arm.id}`, { token: admin.token, body })).status).toBe(200);
  },
});
