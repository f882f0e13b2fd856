import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClickHouseStore } from '../../src/stores/clickhouse/clickhouse-store.ts';
import { ClickHouse } from '../../src/stores/clickhouse/client.ts';
import { copyStore } from '../../src/stores/copy/copy-store.ts';
import type { CopySource } from '../../src/stores/copy/source.ts';
import type { MetricsStore } from '../../src/stores/index.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import type { TestApi } from './contract/reporting.ts';

const DAY_MS = 86_400_000;
const RETENTION_S = 3 * 86_400;
const signal = () => AbortSignal.timeout(30_000);

/** Tests of `npm run store:copy` that hold for whatever store is copied from. */
export function storeCopyContract(api: TestApi, source: () => CopySource): void {
  let engine: Awaited<ReturnType<typeof startTestClickHouse>>;
  let clickhouse: ClickHouse;
  let copy: MetricsStore;
  beforeAll(async () => {
    engine = await startTestClickHouse();
    const account = { user: 'default', password: '' };
    const config = {
      shards: [[engine.url]],
      database: engine.database,
      writer: account,
      reader: account,
      quorum: 1,
    };
    clickhouse = new ClickHouse(config);
    copy = new ClickHouseStore(config, { retention: RETENTION_S });
  });
  afterAll(async () => {
    await Promise.all([clickhouse?.close(), copy?.close()]);
    await engine?.stop();
  });
  const run = (of: CopySource = source(), into = clickhouse) =>
    copyStore({ db: api.deps().db, clickhouse: into, source: of, retention: RETENTION_S, onProgress: () => {} });

  it('brings over every value and log entry, once, however often it runs', async () => {
    const owner = await api.person();
    const [one, other] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
    const now = Date.now();
    const lines: string[] = [];
    for (let i = 0; i < 40; i++) {
      const ms = now - 2 * DAY_MS + i * 3_600_000;
      lines.push(`cpu,cpu=cpu${i % 2} usage_idle=${i / 7},n=${i}i ${ms}`);
      lines.push(
        `state,part=it's\\ a\\,b on=${i % 3 === 0},mode="m ${i % 4} \\"q\\"",wide=${2n ** 63n + BigInt(i)}u ${ms}`,
      );
      lines.push(`syslog,host=a level="${i % 2 ? 'err' : 'info'}",program="p",message="entry ${i % 5}" ${ms}`);
    }
    expect((await api.report(one.token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
    expect((await api.report(other.token, 'm v=1\nm v=2 1')).status).toBeLessThan(500);
    const first = await run();
    expect(first).toMatchObject({ done: first.all, logs: 40 });
    expect(first.points).toBeGreaterThanOrEqual(40 * 5 + 1);
    const { store } = api.deps();
    const range = { from: now - 3 * DAY_MS, to: now + DAY_MS };
    for (const [measurement, fields] of Object.entries({ cpu: ['usage_idle', 'n'], state: ['on', 'mode', 'wide'] })) {
      const query = { robotId: one.id, measurement, fields, ...range, everySeconds: 60, fn: 'last' as const };
      const bySeries = async (of: MetricsStore) =>
        (await of.series({ ...query, times: 'sample' }, signal())).map((series) => JSON.stringify(series)).sort();
      expect(await bySeries(copy), measurement).toEqual(await bySeries(store));
    }
    const logs = { robotId: one.id, ...range, limit: 100 };
    expect((await copy.logs(logs, signal())).items).toEqual((await store.logs(logs, signal())).items);
    const wide = await engine.query<{ exact: string }>(
      `select toString(reinterpretAsUInt64(max(whole))) as exact from points final where field = 'wide'`,
    );
    expect(BigInt(wide[0]?.exact ?? 0)).toBeGreaterThanOrEqual(2n ** 63n);
    const points = async () => (await engine.pointsOf(one.id)).map((point) => JSON.stringify(point)).sort();
    const before = await points();
    expect(await run()).toMatchObject({ done: first.all, points: 0, logs: 0 });
    expect(await points()).toEqual(before);
  });

  it('leaves alone what came meanwhile, and goes on after a failure, of which it tells', async () => {
    const { id, token } = await api.pairedRobot(await api.person());
    const ms = Date.now() - 1_000;
    await api.report(token, `m a=1,b=1 ${ms}\nm a=5,b=5 ${ms - DAY_MS}`, {}, '?precision=ms');
    const newer = `(${id}, 'm', 'a', '[]', ${ms}000000, 'float', 2, 7)`;
    await engine.command(
      `insert into points (robot_id, measurement, field, tags, time, kind, num, ver) values ${newer}`,
    );
    const lossy = Object.create(clickhouse) as ClickHouse;
    lossy.insert = async () => {};
    lossy.rows = (query, until) => clickhouse.rows(query, until);
    await expect(run(source(), lossy)).rejects.toThrow(/1 of 2 values|0 of 2 values/);
    const [first, second] = await Promise.allSettled([run(), run()]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    const values = await engine.query(
      `select field, num from points final where robot_id = ${id} order by time, field`,
    );
    expect(values).toEqual([
      { field: 'a', num: 5 },
      { field: 'b', num: 5 },
      { field: 'a', num: 2 },
      { field: 'b', num: 1 },
    ]);
  });
}
