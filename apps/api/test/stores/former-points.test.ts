import { promises as fs } from 'node:fs';
import path from 'node:path';
import { FileMigrationProvider, Migrator, sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { type Composition, compose } from '../../src/composition.ts';
import { loadConfig } from '../../src/config/config.ts';
import { connect } from '../../src/db/client.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { PostgresStore } from '../../src/stores/postgres/postgres-store.ts';
import { freshDatabase } from '../support/test-api.ts';
import { FNS, type Point, windowsOf } from '../support/windows.ts';

const HOUR_MS = 3_600_000;
const DAY_NS = 86_400_000_000_000n;
const begin = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 98 * HOUR_MS;
const TOKEN = 'a-token-from-before-the-upgrade';
const points = Array.from({ length: 20 * 60 }, (_, i): Point => [begin + i * 60_000 + (i % 7), (i * 37) % 1000]);

let deps: Composition;
let store: PostgresStore;
let app: Awaited<ReturnType<typeof buildApp>>;
const lines: string[] = [];

/** A database as the release before packed points left it: the same migrations, the same rows. */
beforeAll(async () => {
  const url = await freshDatabase();
  const { db } = connect(url, 2);
  const migrationFolder = path.join(import.meta.dirname, '../../src/db/migrations');
  const migrator = new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder }) });
  expect((await migrator.migrateTo('0014-labels')).error).toBeUndefined();
  await sql`insert into users (id, email, hashed_password, name, role) values (1, 'a@lab.example', 'none', 'A', 'admin')`.execute(
    db,
  );
  await sql`insert into robots (id, name, hostname, status, owner_id, influxdb_token) values (1, 'r', 'r', 'active', 1, ${sha256(TOKEN)})`.execute(
    db,
  );
  await sql`insert into metric_series (id, robot_id, measurement, tags) values (7, 1, 'temp', '{"sensor":"soc"}')`.execute(
    db,
  );
  await sql`
    insert into metric_fields (robot_id, measurement, field, type)
    values (1, 'temp', 'temp', 'float'), (1, 'temp', 'state', 'string'), (1, 'temp', 'big', 'unsigned')`.execute(db);
  const days = new Set(points.map(([at]) => (BigInt(at) * 1_000_000n) / DAY_NS));
  for (const day of days)
    await sql
      .raw(
        `create table metric_points_d${day} partition of metric_points for values from (${day * DAY_NS}) to (${(day + 1n) * DAY_NS})`,
      )
      .execute(db);
  await sql`
    insert into metric_points select 7, t, f::jsonb
    from unnest(${points.map(([at]) => `${at}000000`)}::bigint[], ${points.map(([, value], i) => `{"temp":${value}${i % 600 ? '' : ',"state":"on","big":18446744073709551615'}}`)}::text[]) as g (t, f)`.execute(
    db,
  );
  await db.destroy();

  const config = loadConfig({
    DATABASE_URL: url,
    SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789',
    LOG_LEVEL: 'silent',
  });
  deps = await compose(config);
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  store = new PostgresStore(deps.db, deps.db, { retention: config.metrics.retention, maxChannels: 100 }, log);
  app = await buildApp(deps);
});
afterAll(async () => {
  await app?.close();
  await deps?.close();
});

const series = (fn: (typeof FNS)[number], fields: string[], from: number, to: number, everySeconds: number) =>
  store.series({ robotId: 1, measurement: 'temp', fields, from, to, everySeconds, fn }, AbortSignal.timeout(10_000));
const partitions = async () =>
  (await sql`select from pg_inherits where inhparent = 'metric_points'::regclass`.execute(deps.db)).rows.length;

async function holds(all: Point[]) {
  for (const fn of FNS)
    for (const everySeconds of [60, 300, 900, 3600, 86_400])
      for (const [from, to] of [
        [begin, begin + 20 * HOUR_MS],
        [begin + 1_234_000, begin + 7 * HOUR_MS + 17_000],
      ] as const) {
        const expected = windowsOf(all, { from, to, everyMs: everySeconds * 1000, fn });
        const got = await series(fn, ['temp'], from, to, everySeconds);
        const only = got.find(({ tags }) => tags.sensor === 'soc');
        expect(only?.points.map(([at]) => at)).toEqual(expected.map(([at]) => at));
        for (const [i, [, value]] of expected.entries()) expect(only?.points[i]?.[1]).toBeCloseTo(value, 6);
      }
  expect(
    (await series('last', ['state'], begin, begin + 20 * HOUR_MS, 86_400)).flatMap(({ points }) =>
      points.map(([, value]) => value),
    ),
  ).toContain('on');
}

it('points of the former release are readable before, while and after they are moved, with what came since', async () => {
  await holds(points);
  // A robot sends one of them again, and a new one between them.
  const again: Point[] = [
    [points[100]?.[0] as number, 5555],
    [begin + 90 * 60_000 + 30_000, 4444],
  ];
  const report = await app.inject({
    ...{ method: 'POST', url: '/api/metrics?precision=ms', headers: { authorization: `Bearer ${TOKEN}` } },
    payload: again.map(([at, value]) => `temp,sensor=soc temp=${value} ${at}`).join('\n'),
  });
  expect(report.statusCode).toBe(204);
  const all = [...new Map([...points, ...again])];
  await holds(all);

  // A replica of the former release, not stopped yet, stores a field and a series that are new.
  const late = points[50]?.[0] as number;
  await sql`insert into metric_series (id, robot_id, measurement, tags) values (8, 1, 'temp', '{"sensor":"gpu"}')`.execute(
    deps.db,
  );
  await sql`
    insert into metric_points values (8, ${`${late}000000`}::bigint, '{"temp":7,"extra":9}') on conflict do nothing`.execute(
    deps.db,
  );

  const stop = new AbortController();
  const moving = store.pack(stop.signal);
  const left = async () =>
    Number((await sql<{ n: string }>`select count(*) as n from metric_points`.execute(deps.db)).rows[0]?.n);
  await expect.poll(left, { interval: 5 }).toBeLessThan(points.length);
  stop.abort();
  await moving;
  expect(await left()).toBeGreaterThan(0);
  await holds(all);

  await store.pack(AbortSignal.timeout(60_000));
  expect(await partitions()).toBe(0);
  await holds(all);
  const added = await series('last', ['temp', 'extra'], begin, begin + 20 * HOUR_MS, 86_400);
  const ofGpu = added.filter(({ tags }) => tags.sensor === 'gpu').map(({ field, points }) => [field, points[0]?.[1]]);
  expect(ofGpu.sort()).toEqual([
    ['extra', 9],
    ['temp', 7],
  ]);
  const exact = await sql<{ text: string }>`select value::text as text from metric_others`.execute(deps.db);
  expect(exact.rows.filter(({ text }) => text === '18446744073709551615')).toHaveLength(2);
  const said = lines.map((line) => JSON.parse(line).msg).join('\n');
  expect(said).toContain('moving the points of a former release');
  expect(said).toContain('moved the points of a former release');
});
