import { afterAll } from 'vitest';
import { startTestInflux, type TestInflux } from './influx.ts';
import { CONTRACT_SETTINGS, metricsContract } from './metrics-contract.ts';
import { useTestApi } from './test-api.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return { ...CONTRACT_SETTINGS, ...influx.settings };
});
afterAll(() => influx?.stop());

metricsContract(api, (robotId) => influx.pointsOf(robotId));
