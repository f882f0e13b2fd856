import { afterAll } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';
import { evaluationContract } from './evaluation-contract.ts';

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return influx.settings;
});
afterAll(() => influx?.stop());

evaluationContract(api);
