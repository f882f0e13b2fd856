import { expect, it } from 'vitest';
import { sha256 } from '../src/auth/secret-box.ts';
import { SeriesCatalog } from '../src/metrics/catalog/series-catalog.ts';
import { stampLines } from '../src/metrics/line-protocol/stamp-lines.ts';
import { type ReportingRobot, RobotCache } from '../src/metrics/reporting-robot.ts';
import { CONTRACT_SETTINGS, metricsContract } from './metrics-contract.ts';
import { useTestApi } from './test-api.ts';

const api = useTestApi(CONTRACT_SETTINGS);

metricsContract(api, async (robotId) => {
  const { db } = api.deps();
  const series = await db.selectFrom('metric_series').selectAll().where('robot_id', '=', robotId).execute();
  return [...series, ...(await db.selectFrom('log_entries').selectAll().where('robot_id', '=', robotId).execute())];
});

it('keeps 64-bit integers whole', async () => {
  const owner = await api.person();
  const { token } = await api.pairedRobot(owner);
  await api.report(token, 'm n=18446744073709551615u');
  const { db } = api.deps();
  const rows = await db
    .selectFrom('metric_points')
    .select((eb) => eb.cast<string>('fields', 'text').as('text'))
    .execute();
  expect(rows.map((row) => row.text).join()).toContain('18446744073709551615');
});

it('forgets series and fields that have outlived the retention, and none that is in use', async () => {
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

  // A process that has just started and not tidied yet: another one must not take its series away.
  await age();
  const started = new SeriesCatalog(db, config.catalog);
  const robot = await new RobotCache(db, 1000).find(sha256(token));
  const shape = await started.shapeOf(robot as ReportingRobot);
  const limits = { receivedAt: BigInt(Date.now()) * 1_000_000n, oldest: 0n, newest: 2n ** 62n };
  const lines = stampLines(Buffer.from('used v=3'), 'ns', { shape, ...limits });
  await started.admit(shape, lines);
  await new SeriesCatalog(db, config.catalog).tidy(config.metrics.retention);
  expect([await left(), await series()]).toEqual([['used'], [{ measurement: 'used' }]]);
});
