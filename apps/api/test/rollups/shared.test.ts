import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import type { Database } from '../../src/db/schema.ts';
import { giveBack, markDue, takeDue } from '../../src/rollups/due-store.ts';
import { rollupPartitions } from '../../src/rollups/partitions.ts';
import { rollUpDue } from '../../src/rollups/roll-up.ts';
import type { MetricsStore } from '../../src/stores/index.ts';
import { freshDatabase, useTestApi } from '../support/test-api.ts';

const HOUR_MS = 3_600_000;
const HOUR = Math.floor(Date.now() / HOUR_MS) - 3;

/** Two hours of each robot that are due, the lower number first. */
const markAll = (db: Database, robots: number[]) =>
  markDue(
    db,
    robots.flatMap((robot_id) =>
      [HOUR, HOUR + 1].map((hour) => ({ robot_id, hour, due_at: new Date(Date.now() - HOUR_MS + robot_id) })),
    ),
  );
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('taking due hours', () => {
  let db: Database;
  const take = async (limit: number) => (await takeDue(db, limit, 48)).map(({ robotId }) => robotId);
  const pass = (seconds: number) =>
    sql`update rollup_due set taken_until = taken_until - make_interval(secs => ${seconds})`.execute(db);
  beforeAll(async () => {
    ({ db } = connect(await freshDatabase(), 10));
    await migrate(db);
  });
  beforeEach(() => sql`delete from rollup_due`.execute(db));
  afterAll(() => db?.destroy());

  it('gives each robot to one of those who ask, however many ask at once', async () => {
    await markAll(db, numbers(50));
    const taken = await Promise.all(Array.from({ length: 10 }, () => take(6)));
    expect(taken.flat().sort((a, b) => a - b)).toEqual(numbers(50));
  });

  it('gives no robot that is taken, not even hours that became due since, which change the same days', async () => {
    await markAll(db, [1, 2]);
    expect(await take(1)).toEqual([1]);
    await markDue(db, [{ robot_id: 1, hour: HOUR + 2, due_at: new Date(0) }]);
    expect(await take(10)).toEqual([2]);
  });

  it('gives what a replica that has ended had taken to another after a minute', async () => {
    await markAll(db, [1]);
    expect(await take(1)).toEqual([1]);
    await pass(50);
    expect(await take(1)).toEqual([]);
    await pass(10);
    expect(await take(1)).toEqual([1]);
  });

  it('gives what was given back, but not what another has taken since', async () => {
    await markAll(db, [1, 2]);
    const former = await takeDue(db, 2, 48);
    await sql`update rollup_due set taken_until = now() where robot_id = 1`.execute(db);
    expect(await take(1)).toEqual([1]);
    await giveBack(db, former);
    expect(await take(2)).toEqual([2]);
  });

  it('lets owners take turns, however much late data one of them has', async () => {
    const { rows: robots } = await sql<{ id: number }>`
      with people as (
        insert into users (email, name, hashed_password) select n || '@lab.example', n::text, '' from generate_series(1, 2) n returning id)
      insert into robots (name, hostname, architecture, status, owner_id)
      select 'r' || n, 'r' || n, 'arm64', 'active', (select min(id) from people) + n / 4 from generate_series(1, 4) n
      returning id`.execute(db);
    const [x, y, z, quiet] = robots.map(({ id }) => id) as [number, number, number, number];
    const late = numbers(100).flatMap((hour) =>
      [x, y, z].map((robot_id) => ({ robot_id, hour, due_at: new Date(hour) })),
    );
    await markDue(db, [...late, { robot_id: quiet, hour: 7, due_at: new Date(500_000) }]);
    const taken = await takeDue(db, 10, 48);
    expect(taken.map(({ robotId }) => robotId)).toEqual([x, quiet, y, z]);
    expect(taken.map(({ hours }) => hours.length)).toEqual([48, 1, 48, 48]);
    await giveBack(db, taken);
    expect(await take(2)).toEqual([x, quiet]);
  });

  it('does not give an hour that is marked while it is asked for: its points are not stored yet', async () => {
    await markAll(db, [1]);
    const marked = await db.startTransaction().execute();
    await markDue(marked as unknown as Database, [{ robot_id: 1, hour: HOUR, due_at: new Date(Date.now() + 60_000) }]);
    const asked = takeDue(db, 1, 48);
    const waits = sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waits.execute(db)).rows[0]?.n).toBe(1);
    await marked.commit().execute();
    expect((await asked).flatMap(({ hours }) => hours.map(({ hour }) => hour))).toEqual([HOUR + 1]);
  });
});

describe('replicas', () => {
  const api = useTestApi();

  it('share what is due: each robot is rolled up once', async () => {
    const { db, store, catalog } = api.deps();
    const owner = await api.person();
    const reporting = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
    const at = HOUR * HOUR_MS;
    for (const { token } of reporting)
      expect((await api.report(token, `m v=1 ${at}\nm v=2 ${at + HOUR_MS}`, {}, '?precision=ms')).status).toBe(204);
    // More than the server's own job and one replica take at once.
    await sql`
      insert into robots (name, hostname, architecture, status, owner_id)
      select 'r' || n, 'r' || n, 'arm64', 'active', ${owner.id} from generate_series(1, 250) n`.execute(db);
    const { rows: all } = await sql<{ id: number }>`select id from robots`.execute(db);
    await sql`delete from rollup_due`.execute(db);
    await markAll(
      db,
      all.map(({ id }) => id),
    );
    const worked: number[][] = [[], [], []];
    const run = (replica: number) => {
      const counting = {
        ...{ series: store.series.bind(store), hours: store.hours.bind(store) },
        logCounts: async (...asked: Parameters<MetricsStore['logCounts']>) => {
          worked[replica]?.push(asked[0]);
          return store.logCounts(...asked);
        },
      } as MetricsStore;
      return rollUpDue({ db, store: counting, catalog, partitions: rollupPartitions(db) }, AbortSignal.timeout(60_000));
    };
    await Promise.all([run(0), run(1), run(2)]);
    expect(worked.filter((robots) => robots.length > 0).length).toBeGreaterThan(1);
    expect(new Set(worked.flat()).size).toBe(worked.flat().length);
    const due = sql<{ n: number }>`select count(*)::int as n from rollup_due`;
    await expect.poll(async () => (await due.execute(db)).rows[0]?.n, { timeout: 30_000 }).toBe(0);
    const { rows } = await sql<{ hour: number; n: number; sum: number }>`
      select hour, count(*)::int as n, sum(sum) as sum from rollup_hours group by 1 order by 1`.execute(db);
    expect(rows).toEqual([
      { hour: HOUR, n: 2, sum: 2 },
      { hour: HOUR + 1, n: 2, sum: 4 },
    ]);
  });

  it('do not wait for each other for ever when both meet new names, in different order', async () => {
    const { db, store, catalog } = api.deps();
    const owner = await api.person();
    // Of twenty series, five hundred fields are one part.
    const names = ['x', 'y'].map((letter) => numbers(500).map((n) => `${letter}${n}`));
    const at = HOUR * HOUR_MS;
    const lines = (measurement: string, fields: string[]) =>
      numbers(10).map(
        (n) => `${measurement},n=${n} ${(n === 1 ? fields : fields.slice(0, 1)).map((f) => `${f}=1`)} ${at}`,
      );
    for (const [a, b] of [names, names.toReversed()] as [string[], string[]][]) {
      const { token } = await api.pairedRobot(owner);
      const body = [...lines('a', a), ...lines('b', b)].join('\n');
      expect((await api.report(token, body, {}, '?precision=ms')).status).toBe(204);
    }
    await sql`update rollup_due set due_at = now()`.execute(db);
    const taken = await Promise.all([takeDue(db, 1, 48), takeDue(db, 1, 48)]);
    expect(taken.map((robots) => robots.length)).toEqual([1, 1]);
    for (const robots of taken) await giveBack(db, robots);
    // Both are between two parts of their fields at the same time, if neither waits for the other before.
    let between = 0;
    const run = () => {
      let reads = 0;
      const slow = {
        ...{ series: store.series.bind(store), logCounts: store.logCounts.bind(store) },
        hours: async (...asked: Parameters<MetricsStore['hours']>) => {
          if (++reads === 2) between++;
          for (let waited = 0; reads === 2 && between < 2 && waited < 1000; waited += 20) await sleep(20);
          return store.hours(...asked);
        },
      } as MetricsStore;
      return rollUpDue({ db, store: slow, catalog, partitions: rollupPartitions(db) }, AbortSignal.timeout(60_000), 1);
    };
    await Promise.all([run(), run()]);
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from rollup_hours h join metric_series s on s.id = h.series_id
      where s.measurement in ('a', 'b')`.execute(db);
    expect(rows[0]?.n).toBe(2 * 2 * 509);
  });
});
