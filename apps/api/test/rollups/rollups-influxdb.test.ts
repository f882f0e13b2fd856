import { afterAll } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';
import { rollupsContract } from './rollups-contract.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return { ...influx.settings, ROLLUP_DELAY: '10' };
});
afterAll(() => influx?.stop());

rollupsContract(api);
