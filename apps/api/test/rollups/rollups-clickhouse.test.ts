import { afterAll } from 'vitest';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { useTestApi } from '../support/test-api.ts';
import { rollupsContract } from './rollups-contract.ts';

let clickhouse: Awaited<ReturnType<typeof startTestClickHouse>>;
const api = useTestApi(async () => {
  clickhouse = await startTestClickHouse();
  return { ...clickhouse.settings, ROLLUP_DELAY: '10' };
});
afterAll(() => clickhouse?.stop());

rollupsContract(api);
