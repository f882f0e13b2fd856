import { expect, it } from 'vitest';
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
