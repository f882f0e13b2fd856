import { afterAll, expect, it } from 'vitest';
import { setUpClickHouse, statementsOf } from '../../src/stores/clickhouse/setup.ts';
import type { Table } from '../../src/stores/clickhouse/tables.ts';
import { startTestCluster } from '../support/clickhouse-cluster.ts';
import { useTestApi } from '../support/test-api.ts';

let cluster: Awaited<ReturnType<typeof startTestCluster>>;
const api = useTestApi(async () => {
  cluster = await startTestCluster({ shards: 2, replicas: 2, quorum: 2 });
  return cluster.settings;
});
afterAll(() => cluster?.stop());

const MACHINES = [0, 1, 2, 3];
const wait = { timeout: 60_000, interval: 200 };
const robots = async (count: number) => {
  const owner = await api.person();
  return { owner, robots: await Promise.all(Array.from({ length: count }, () => api.pairedRobot(owner))) };
};
/** Until they are stored: the server of 2018 has one quorum insert at a time. */
const stored = ({ token }: { token: string }, line: string) =>
  expect.poll(async () => (await api.report(token, line, {}, '?precision=ms')).status, wait).toBe(204);

it('keeps each robot on one shard, with copies, and finds all of them from any machine', async () => {
  const { owner, robots: some } = await robots(12);
  const ms = Date.now();
  await Promise.all(
    some.map((robot) => stored(robot, `cpu usage_idle=${robot.id} ${ms}\nsyslog message="m${robot.id}" ${ms}`)),
  );
  const idsOn = async (machine: number, table: string) => {
    const rows = await cluster.rows<{ robot_id: number }>(
      machine,
      `select distinct robot_id from ${table} order by robot_id`,
    );
    return rows.map(({ robot_id }) => robot_id);
  };
  const all = some.map(({ id }) => id).sort((a, b) => a - b);
  for (const table of ['points', 'logs', 'latest'])
    for (const machine of MACHINES) {
      expect(await idsOn(machine, table), `${table}, from ${machine}`).toEqual(all);
      const own = all.filter((id) => id % 2 === machine % 2);
      expect(await idsOn(machine, `${table}_local`), `${table} on ${machine}`).toEqual(own);
      expect(own).not.toEqual([]);
    }
  for (const { id } of some) {
    const path = `/robots/${id}/metrics/cpu?fields=usage_idle&fn=last&every=10s`;
    expect((await api.call('GET', path, { token: owner.token })).body.series[0].points[0][1]).toBe(id);
    const { items } = (await api.call('GET', `/robots/${id}/logs`, { token: owner.token })).body;
    expect(items).toMatchObject([{ message: `m${id}` }]);
  }
}, 120_000);

it('drops what is past its retention on every shard', async () => {
  const { robots: some } = await robots(4);
  const { store, config } = api.deps();
  const ns = BigInt(Date.now() - (config.metrics.retention + 3 * 86_400) * 1000) * 1_000_000n;
  const past = some.map(({ id }) => `(${id}, 'old', 'v', '[]', ${ns}, 'float', 3)`).join();
  await cluster.command(0, `insert into points (robot_id, measurement, field, tags, time, kind, num) values ${past}`);
  const left = (machine: number) => cluster.rows(machine, "select 1 from points_local where measurement = 'old'");
  const counts = async () => (await Promise.all(MACHINES.map(left))).map(({ length }) => length);
  await expect.poll(counts, wait).toEqual([2, 2, 2, 2]);
  await store.maintain();
  await expect.poll(counts, wait).toEqual([0, 0, 0, 0]);
}, 120_000);

it('takes reports of one shard while another cannot keep them', async () => {
  const { robots: some } = await robots(6);
  for (const robot of some) await stored(robot, `m v=1 ${Date.now()}`);
  await cluster.kill(1);
  const [kept, refused] = [0, 1].map((shard) => some.filter(({ id }) => id % 2 === shard));
  const report = ({ token }: { token: string }) => api.report(token, `m v=2 ${Date.now()}`, {}, '?precision=ms');
  const statuses = async (robots: typeof some) => (await Promise.all(robots.map(report))).map(({ status }) => status);
  // All at once: what waits for the shard that is away is in the same batches.
  for (let round = 0; round < 5; round++) {
    const [good, bad] = await Promise.all([statuses(kept ?? []), statuses(refused ?? [])]);
    expect(bad, `round ${round}`).toEqual(bad.map(() => 503));
    expect(good, `round ${round}`).toEqual(good.map(() => 204));
  }
  await cluster.start(1);
  for (const robot of refused ?? []) await stored(robot, `m v=3 ${Date.now()}`);
}, 240_000);

it('is not set up with other shards than its machines are of', async () => {
  const { setup } = cluster;
  const wrong = { ...setup, shards: [setup.shards.flat()] };
  await expect(setUpClickHouse(wrong)).rejects.toThrow('has 2 shards, but CLICKHOUSE_URL names machines of 1');
  await expect(setUpClickHouse({ ...setup, cluster: 'none' })).rejects.toThrow('has no cluster none');
});

it('takes over the tables of a cluster that had one shard only', async () => {
  const { setup, run, rows, command } = cluster;
  const former = { ...setup, database: 'former' };
  const isLocal = (statement: string) => !statement.includes('Distributed');
  await run(
    statementsOf(former)
      .filter(isLocal)
      .map((statement) => statement.replaceAll('_local', '')),
  );
  const insert = (table: string, num: number) =>
    command(
      0,
      `insert into former.${table} (robot_id, measurement, field, tags, time, kind, num) values (2, 'm', 'v', '[]', ${num}, 'float', ${num})`,
    );
  await insert('points', 1);
  const tables: Table[] = ['points', 'logs', 'latest'];
  await run(statementsOf(former, tables));
  await insert('points_local', 2);
  for (const machine of MACHINES) {
    const nums = (table: string) => rows(machine, `select num from former.${table} order by num`);
    await expect.poll(() => nums('points'), wait).toEqual([{ num: 1 }, { num: 2 }]);
    const newest = () => rows(machine, 'select argMax(num, time) as num from former.latest');
    await expect.poll(newest, wait).toEqual([{ num: 2 }]);
  }
}, 120_000);
