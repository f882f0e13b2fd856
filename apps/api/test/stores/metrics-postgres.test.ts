import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { SeriesCatalog } from '../../src/catalog/series-catalog.ts';
import { compose } from '../../src/composition.ts';
import { stampLines } from '../../src/line-protocol/stamp-lines.ts';
import type { ReportingRobot } from '../../src/robots/credential-store.ts';
import { TokenCache } from '../../src/robots/token-cache.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { channelIdsOf } from '../../src/stores/postgres/channels.ts';
import { useTestApi } from '../support/test-api.ts';
import { CONTRACT_SETTINGS, metricsContract } from './metrics-contract.ts';

const api = useTestApi(CONTRACT_SETTINGS);

/** The robot's channels at the first call, whose points must be deleted with it. */
const channelsOf = new Map<number, number[]>();

metricsContract(api, async (robotId) => {
  const { db } = api.deps();
  const series = await db.selectFrom('metric_series').selectAll().where('robot_id', '=', robotId).execute();
  const ids = channelsOf.get(robotId) ?? (await channelIdsOf(db, robotId));
  channelsOf.set(robotId, ids);
  const recent = await db.selectFrom('metric_recent').selectAll().where('robot_id', '=', robotId).execute();
  const blocks = await db.selectFrom('metric_blocks').selectAll().where('channel', 'in', ids).execute();
  const others = await db.selectFrom('metric_others').selectAll().where('channel', 'in', ids).execute();
  const logs = await db.selectFrom('log_entries').selectAll().where('robot_id', '=', robotId).execute();
  return [...series, ...recent, ...blocks, ...others, ...logs];
});

it('keeps 64-bit integers exact', async () => {
  const owner = await api.person();
  const { token } = await api.pairedRobot(owner);
  await api.report(token, 'm n=18446744073709551615u');
  const { db } = api.deps();
  const rows = await db
    .selectFrom('metric_others')
    .select((eb) => eb.cast<string>('value', 'text').as('text'))
    .execute();
  expect(rows.map((row) => row.text).join()).toContain('18446744073709551615');
});

it('deletes series and fields past the retention, and none in use', async () => {
  const { db, catalog, config } = api.deps();
  const { token, id } = await api.pairedRobot(await api.person());
  await api.report(token, 'used v=1\nunused w=1');
  const age = async () => {
    const last_seen_at = new Date(Date.now() - (config.metrics.retention + 2 * 86_400) * 1000);
    await db.updateTable('metric_series').set({ last_seen_at }).where('robot_id', '=', id).execute();
    await db.updateTable('metric_fields').set({ last_seen_at }).where('robot_id', '=', id).execute();
  };
  const left = async () => (await catalog.measurements(id)).map(({ measurement }) => measurement);
  const series = () => db.selectFrom('metric_series').select('measurement').where('robot_id', '=', id).execute();

  await catalog.tidy(config.metrics.retention);
  await api.report(token, 'used v=2');
  await age();
  await catalog.tidy(config.metrics.retention);
  expect([await left(), await series()]).toEqual([['used'], [{ measurement: 'used' }]]);

  // A process that has just started and has not tidied yet: another one must not delete its series.
  await age();
  const started = new SeriesCatalog(db, config.catalog);
  const robot = await new TokenCache(db, 1000).find(sha256(token));
  const shape = await started.shapeOf(robot as ReportingRobot);
  const limits = { receivedAt: BigInt(Date.now()) * 1_000_000n, oldest: 0n, newest: 2n ** 62n };
  const lines = stampLines(Buffer.from('used v=3'), 'ns', { shape, ...limits });
  await started.admit(shape, lines);
  await new SeriesCatalog(db, config.catalog).tidy(config.metrics.retention);
  expect([await left(), await series()]).toEqual([['used'], [{ measurement: 'used' }]]);
});

it('a read whose client has disconnected is cancelled in the database, too', async () => {
  const { db, store } = api.deps();
  const locked = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const lock = db.transaction().execute(async (tx) => {
    await sql`lock table log_entries in access exclusive mode`.execute(tx);
    locked.resolve();
    await done.promise;
  });
  await locked.promise;
  const waiting = async () =>
    (
      await sql`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        db,
      )
    ).rows.length;
  const reader = new AbortController();
  const reading = store.logs({ robotId: 1, from: 0, to: Date.now(), limit: 1 }, reader.signal);
  const outcome = reading.then(
    () => 'read',
    (error: Error) => error.message,
  );
  await expect.poll(waiting).toBe(1);
  reader.abort();
  expect(await outcome).toContain('canceling statement');
  expect(await waiting()).toBe(0);
  done.resolve();
  await lock;
  expect(
    (await store.logs({ robotId: 1, from: 0, to: Date.now(), limit: 1 }, AbortSignal.timeout(5_000))).items,
  ).toEqual([]);
});

it('a point from before 1970 can be stored and read if the retention allows it', async () => {
  const old = await compose({
    ...api.deps().config,
    metrics: { ...api.deps().config.metrics, retention: 70 * 365 * 86_400 },
  });
  const app = await buildApp(old);
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const headers = { authorization: `Bearer ${robot.token}` };
  const payload = 'm v=1 -86400\nm v=2 -86399\nm v=3 -1\nm v=4 0\nsyslog message="x" -1';
  const sent = await app.inject({ method: 'POST', url: '/api/metrics?precision=s', headers, payload });
  expect([sent.statusCode, sent.body]).toEqual([204, '']);
  const ask = async (path: string) =>
    (await api.call('GET', `/robots/${robot.id}${path}`, { token: owner.token })).body;
  const range = 'from=1969-12-30T00:00:00Z&to=1970-01-02T00:00:00Z';
  const { series } = await ask(`/metrics/m?${range}&every=1d&fn=sum`);
  expect(series[0].points).toEqual([
    [-86_400_000, 6],
    [0, 4],
  ]);
  expect((await ask(`/logs?${range}`)).items[0].time).toBe('1969-12-31T23:59:59.000Z');
  await old.store.maintain();
  await app.close();
  await old.close();
});
