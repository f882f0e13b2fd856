import { afterAll, expect, it } from 'vitest';
import { ClickHouseStore } from '../../src/stores/clickhouse/clickhouse-store.ts';
import { InsertQueue, type Rows } from '../../src/stores/clickhouse/insert-queue.ts';
import { setUpClickHouse, statementsOf } from '../../src/stores/clickhouse/setup.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { useTestApi } from '../support/test-api.ts';

let clickhouse: Awaited<ReturnType<typeof startTestClickHouse>>;
const api = useTestApi(async () => {
  clickhouse = await startTestClickHouse();
  return clickhouse.settings;
});
afterAll(() => clickhouse?.stop());

const admin = { user: 'default', password: '' };
const signal = () => AbortSignal.timeout(30_000);

it('keeps values of every type exactly', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  const text = `"a,'b' \\\\ \\"c\\" \u{1f916} ${'\\\\0'}"`;
  const line = `m,k=it's,\\ x\\=y=\u00e9 big=9223372036854775807i,low=-9223372036854775808i,wide=18446744073709551615u,f=0.1,yes=true,s=${text}`;
  expect((await api.report(token, line)).status).toBe(204);
  const rows = await clickhouse.query<{
    field: string;
    kind: string;
    num: number;
    exact: string;
    str: string;
    tags: string;
  }>(
    `select field, kind, num, if(kind = 'unsigned', toString(reinterpretAsUInt64(whole)), toString(whole)) as exact, str, tags
     from points final where robot_id = ${id} order by field`,
  );
  expect(
    rows.map(({ field, kind, num, exact, str }) => [
      field,
      kind,
      kind.endsWith('ed') || kind === 'integer' ? exact : kind === 'string' ? str : num,
    ]),
  ).toEqual([
    ['big', 'integer', '9223372036854775807'],
    ['f', 'float', 0.1],
    ['low', 'integer', '-9223372036854775808'],
    ['s', 'string', 'a,\'b\' \\ "c" \u{1f916} \\0'],
    ['wide', 'unsigned', '18446744073709551615'],
    ['yes', 'boolean', 1],
  ]);
  expect(JSON.parse(rows[0]?.tags ?? '')).toEqual([
    [' x=y', '\u00e9'],
    ['k', "it's"],
  ]);
});

it('overwrites field by field, and takes the later of two values', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  const ns = BigInt(Date.now()) * 1_000_000n;
  await api.report(token, `m a=1,b=1 ${ns}\nm a=2 ${ns}`);
  await api.report(token, `m b=3,c=4 ${ns}`);
  const rows = await clickhouse.query(`select field, num from points final where robot_id = ${id} order by field`);
  expect(rows).toEqual([
    { field: 'a', num: 2 },
    { field: 'b', num: 3 },
    { field: 'c', num: 4 },
  ]);
});

it('is set up again without any loss, and every statement is one that ClickHouse knows, replicated or not', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  await api.report(token, 'm v=1');
  const before = await clickhouse.pointsOf(id);
  const { url, database } = clickhouse;
  const shards = [[url]];
  await setUpClickHouse({ shards, admin, database });
  expect(await clickhouse.pointsOf(id)).toEqual(before);
  const account = (user: string) => ({ user, password: "it's \\ a secret" });
  for (const cluster of [undefined, 'robots']) {
    const accounts = { admin, writer: account('w'), reader: account('r') };
    const setup = { shards, database: 'a`b', cluster, ...accounts };
    for (const statement of statementsOf(setup, cluster ? ['points', 'logs', 'latest'] : []))
      await clickhouse.parse(statement);
  }
  await expect(clickhouse.parse('create user if not')).rejects.toThrow();
});

it('drops what is past its retention, and nothing else', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  const { store, config } = api.deps();
  const ns = (daysAgo: number) => BigInt(Date.now() - daysAgo * 86_400_000) * 1_000_000n;
  const days = config.metrics.retention / 86_400;
  await api.report(token, `m v=1 ${ns(days - 2)}\nsyslog message="x" ${ns(days - 2)}\nm v=2`);
  const past = `(${id}, 'm', 'v', '[]', ${ns(days + 3)}, 'float', 3)`;
  await clickhouse.command(`insert into points (robot_id, measurement, field, tags, time, kind, num) values ${past}`);
  const values = async () =>
    (await clickhouse.query<{ num: number }>(`select num from points final where robot_id = ${id} order by num`)).map(
      ({ num }) => num,
    );
  expect(await values()).toEqual([1, 2, 3]);
  await store.maintain();
  expect(await values()).toEqual([1, 2]);
});

it('deletes a robot on every machine, and from nothing that only leads there', async () => {
  const other = await startTestClickHouse();
  const both = [clickhouse, other];
  try {
    for (const machine of both) {
      await machine.command('create table points_local as points');
      await machine.command('create view elsewhere as select * from points_local');
    }
    const rows = [1, 2].map((id) => `(${id}, 'm', 'v', '[]', 5, 'float', 3)`).join();
    for (const { command } of both)
      await command(`insert into points_local (robot_id, measurement, field, tags, time, kind, num) values ${rows}`);
    const account = { user: 'default', password: '' };
    const shards = [[clickhouse.url], [other.url]];
    const config = { shards, database: clickhouse.database, writer: account, reader: account, quorum: 1 };
    const store = new ClickHouseStore(config, { retention: 86_400 });
    await store.purge(1);
    for (const { query } of both) expect(await query('select robot_id from points_local')).toEqual([{ robot_id: 2 }]);
    expect([1, 2, 3, 4].map(store.partOf)).toEqual([1, 0, 1, 0]);
    await other.stop();
    await expect(store.purge(2)).rejects.toThrow();
    await store.close();
  } finally {
    await other.stop();
  }
});

it('finds robots by the ten thousand, and texts whatever is in them', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  const { store } = api.deps();
  await api.report(token, 'm,t=a\\ \'b s="x\' or 1=1 --"');
  const question = { measurement: 'm', field: 's', tags: { t: "a 'b" }, fn: 'last' as const };
  const robotIds = [...Array.from({ length: 25_000 }, (_, i) => 1_000_000 + i), id];
  const range = { from: Date.now() - 60_000, to: Date.now() + 1_000 };
  const answers = await store.windows({ robotIds, questions: [question], ...range }, signal());
  expect(answers).toEqual([{ robotId: id, question: 0, value: "x' or 1=1 --" }]);
  const other = { ...question, tags: { t: "a' or 1=1 --" } };
  expect(await store.windows({ robotIds: [id], questions: [other], ...range }, signal())).toEqual([]);
});

it('joins what comes at the same time, and fails all of it together', async () => {
  const inserts: Rows[] = [];
  let isDown = false;
  const queue = new InsertQueue(async (rows) => {
    if (isDown) throw new Error('away');
    inserts.push(rows);
  }, 50);
  const row = (text: string) => ({ points: Buffer.from(text), logs: Buffer.alloc(0) });
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => queue.add(row(text))));
  expect(inserts.map(({ points }) => points.toString())).toEqual(['a', 'bcd']);
  isDown = true;
  const failed = await Promise.allSettled(['e', 'f'].map((text) => queue.add(row(text))));
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isDown = false;
  await queue.add(row('g'));
  expect(inserts.at(-1)?.points.toString()).toBe('g');
});
