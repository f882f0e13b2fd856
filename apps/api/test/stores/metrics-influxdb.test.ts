import { afterAll } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';
import { CONTRACT_SETTINGS, metricsContract } from './metrics-contract.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return { ...CONTRACT_SETTINGS, ...influx.settings };
});
afterAll(() => influx?.stop());

metricsContract(api, (robotId) => influx.pointsOf(robotId));
