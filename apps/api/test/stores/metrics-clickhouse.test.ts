import { afterAll } from 'vitest';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { useTestApi } from '../support/test-api.ts';
import { CONTRACT_SETTINGS, metricsContract } from './metrics-contract.ts';

let clickhouse: Awaited<ReturnType<typeof startTestClickHouse>>;
const api = useTestApi(async () => {
  clickhouse = await startTestClickHouse();
  return { ...CONTRACT_SETTINGS, ...clickhouse.settings };
});
afterAll(() => clickhouse?.stop());

metricsContract(api, (robotId) => clickhouse.pointsOf(robotId));
