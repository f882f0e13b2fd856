import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, useTestApi } from '../../apps/api/test/support/test-api.ts';
import { startWithRoles } from './start-with-roles.ts';

let postgres: Awaited<ReturnType<typeof startWithRoles>>;
const api = useTestApi(async () => {
  postgres = await startWithRoles();
  return { DATABASE_URL: postgres.databaseUrl, ROLLUP_DELAY: '10' };
});
let ada: Person;
let bob: Person;
let admin: Person;
beforeAll(async () => {
  await postgres.grantViews();
  [ada, bob, admin] = [await api.person(), await api.person(), await api.person('admin')];
  for (const [owner, name] of [
    [ada, 'of-ada'],
    [bob, 'of-bob'],
    [admin, 'of-admin'],
  ] as const) {
    const robot = await api.pairedRobot(owner, name);
    await api.report(robot.token, `cpu,cpu=cpu-total usage_idle=50\ndisk,path=/${name} used_percent=${50 + robot.id}`);
  }
  await api.deps().presence.flush();
});
afterAll(() => postgres?.stop());

const soon = () => Math.floor(Date.now() / 1000) + 60;
const sha256 = (...parts: (string | Buffer)[]) =>
  createHash('sha256')
    .update(Buffer.concat(parts.map(Buffer.from)))
    .digest();
const signed = (text: string, key = postgres.superset.viewerKey) =>
  `${text}.${sha256(key, sha256(key, text)).toString('hex')}`;
const tokenOf = (email: string, expires = soon()) => signed(`${Buffer.from(email).toString('hex')}.${expires}`);

/** Runs a statement as Superset's role, on a connection of its own. */
async function asBi(token: string | undefined, statement: string): Promise<unknown[]> {
  const { address, reader } = postgres.superset;
  const options = token === undefined ? undefined : `-c robowatch.viewer=${token}`;
  const connectionString = `postgres://robowatch_bi:${reader}@${address}/robowatch`;
  const client = new pg.Client({ connectionString, options });
  await client.connect();
  try {
    return (await client.query(statement)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}
const NAMES = 'select robot from robot_states order by robot';
const VIEWS = ['robot_states', 'robot_days', 'robot_hours', 'robot_disks', 'fleet_days'];

describe('the views, as Superset’s role reads them,', () => {
  it('show a user their own robots, and an administrator all', async () => {
    expect(await asBi(tokenOf(ada.email), NAMES)).toEqual(['of-ada']);
    expect(await asBi(tokenOf(bob.email), NAMES)).toEqual(['of-bob']);
    const all = ['of-ada', 'of-admin', 'of-bob'];
    expect(await asBi(tokenOf(admin.email), NAMES)).toEqual(all);
    expect(await asBi(signed(`all.${soon()}`), NAMES)).toEqual(all);
    const owners = async (view: string) => asBi(tokenOf(ada.email), `select distinct owner_id from ${view}`);
    for (const view of VIEWS) expect([[], [ada.id]], view).toContainEqual(await owners(view));
    expect(await owners('robot_days')).toEqual([ada.id]);
    expect(await owners('fleet_days')).toEqual([ada.id]);
  });

  it('follow what happens to a user and to their robots at once', async () => {
    const carol = await api.person();
    const robot = await api.pairedRobot(carol, 'of-carol');
    const seen = () => asBi(tokenOf(carol.email), NAMES);
    const change = (path: string, body: object) => api.call('PATCH', path, { token: admin.token, body });
    expect(await seen()).toEqual(['of-carol']);
    await change(`/users/${carol.id}`, { role: 'admin' });
    expect(await seen()).toHaveLength(4);
    await change(`/users/${carol.id}`, { role: 'user', is_active: false });
    expect(await seen()).toEqual([]);
    await change(`/users/${carol.id}`, { is_active: true });
    await change(`/robots/${robot.id}`, { owner_id: bob.id });
    expect(await seen()).toEqual([]);
    await api.call('DELETE', `/robots/${robot.id}`, { token: bob.token });
  });

  it('show nothing to whoever says nobody, a stranger, or what is not signed, is over, or is another key’s', async () => {
    const hex = Buffer.from(ada.email).toString('hex');
    const good = tokenOf(ada.email);
    const forged = [
      undefined,
      '',
      'all',
      'all.99999999999.',
      `all.${soon()}.${'0'.repeat(64)}`,
      `all${good.slice(hex.length)}`,
      `${Buffer.from(admin.email).toString('hex')}${good.slice(hex.length)}`,
      good.slice(0, -1),
      `${good}0`,
      good.toUpperCase(),
      tokenOf(ada.email, soon() - 61),
      tokenOf('nobody@lab.example'),
      tokenOf(`${ada.email}' or true --`),
      signed(`all.${soon()}`, 'f'.repeat(64)),
      signed(`${hex}all.${soon()}`),
      signed(`.${soon()}`),
    ];
    for (const token of forged)
      for (const view of VIEWS)
        expect(await asBi(token, `select * from ${view}`).catch(({ message }) => message), token).toEqual([]);
  });

  it('go on while the key is replaced, and end with the former one only then', async () => {
    const [former, next] = [postgres.superset.viewerKey, 'e'.repeat(64)];
    const seen = () =>
      Promise.all(
        [former, next].map((key) => asBi(signed(`all.${soon()}`, key), NAMES).then((rows) => rows.length > 0)),
      );
    expect(await seen()).toEqual([true, false]);
    await postgres.replaceViewerKey(next);
    expect(await seen()).toEqual([true, true]);
    await postgres.grantViews();
    expect(await seen()).toEqual([false, true]);
    await postgres.replaceViewerKey(former);
    await postgres.grantViews();
    expect(await seen()).toEqual([true, false]);
  });

  it('are not to be got round', async () => {
    const all = signed(`all.${soon() + 900}`);
    const hostile = [
      `set robowatch.viewer = '${'x'.repeat(10)}'; ${NAMES}`,
      "select set_config('robowatch.viewer', 'all', false)",
      "select query_to_xml('select robot from robot_states', true, true, '')",
      "select table_to_xml('robot_states', true, true, '')",
      "select schema_to_xml('public', true, true, '')",
      "select database_to_xml(true, true, '')",
      'select key from viewer_keys',
      'select email from users',
      'select name from robots',
      'select * from day_figures',
      'select * from pg_authid',
      'select query from pg_stat_activity',
      'select pg_stat_get_activity(null)',
      'select most_common_vals::text from pg_stats',
      "select pg_read_file('/etc/passwd')",
      "select lo_import('/etc/passwd')",
      "select dblink('dbname=robowatch', 'select 1')",
      "copy robot_states to program 'cat'",
      'set role robowatch',
      'set session authorization robowatch',
      'set role robowatch_viewers; select name from robots',
      "select pg_notify('robowatch', 'x')",
      'select pg_sleep(1)',
      'select pg_terminate_backend(1)',
      'select pg_advisory_lock(1)',
      "select pg_logical_emit_message(false, 'x', 'y')",
      'create function f() returns int language sql as $$select 1$$',
      'create temp table t (i int)',
      "do $$begin raise notice 'x'; end$$; select name from users",
      'alter view robot_states reset (security_barrier)',
      'grant robowatch to robowatch_bi',
      'alter role robowatch_bi superuser',
      'revoke robowatch_viewers from robowatch_bi',
      "select 1 / (select count(*)::int from robot_states where robot = 'of-bob')",
      "select robot::int from robot_states where robot <> 'of-ada'",
      "select robot from robot_states where robot <> 'of-ada' and robot::int > 0",
      "select robot from robot_hours where robot <> 'of-ada' and 1 / (robot_id - robot_id) > 0",
      `explain (analyze, costs off) ${NAMES}`,
    ];
    for (const statement of hostile) {
      const answer = await asBi(tokenOf(ada.email), statement).then(
        (rows) => JSON.stringify(rows),
        ({ message }) => message as string,
      );
      expect(answer, statement).not.toMatch(/of-bob|of-admin|person-|root:|\\x/);
      expect(answer, statement).not.toContain(all);
    }
  });

  it('tell nothing of others’ rows by the errors of a query’s own functions', async () => {
    const leaky = "select count(*) from robot_states where robot <> 'of-ada' or robot::int = 0";
    await expect(asBi(signed(`all.${soon()}`), leaky.replace("robot <> 'of-ada' or", ''))).rejects.toThrow('of-a');
    await expect(
      asBi(tokenOf(bob.email), "select robot::int from robot_states where robot = 'of-ada'"),
    ).resolves.toEqual([]);
    const told = await asBi(tokenOf(bob.email), 'select count(*) from robot_states where robot::int = 0').catch(
      ({ message }) => message,
    );
    expect(told).toMatch(/of-bob/);
    expect(told).not.toMatch(/of-ada|of-admin/);
  });
});

it('the server, Grafana’s role and an operator’s own see all robots', async () => {
  const { databaseUrl, grafana } = postgres;
  const url = new URL(databaseUrl);
  const others = [databaseUrl, `postgres://robowatch_grafana:${grafana.POSTGRES_PASSWORD}@${url.host}/robowatch`];
  for (const connectionString of others) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    expect((await client.query(NAMES)).rows).toHaveLength(3);
    await client.end();
  }
});

it('a new key makes former tokens worthless', async () => {
  const client = new pg.Client({ connectionString: postgres.databaseUrl });
  await client.connect();
  const former = tokenOf(ada.email);
  await client.query("update viewer_keys set key = repeat('k', 64)");
  expect(await asBi(former, NAMES)).toEqual([]);
  expect(await asBi(signed(`all.${soon()}`, 'k'.repeat(64)), NAMES)).toHaveLength(3);
  await postgres.grantViews();
  expect(await asBi(former, NAMES)).toEqual(['of-ada']);
  await client.end();
});
