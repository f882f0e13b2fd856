import { afterAll, describe } from 'vitest';
import { influxSource } from '../../src/stores/copy/influxdb-source.ts';
import { postgresSource } from '../../src/stores/copy/postgres-source.ts';
import { InfluxClient, type InfluxConfig } from '../../src/stores/influxdb/client.ts';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';
import { storeCopyContract } from './store-copy-contract.ts';

describe('from PostgreSQL', () => {
  const api = useTestApi();
  storeCopyContract(api, () => postgresSource(api.deps().db));
});

describe('from InfluxDB', () => {
  let influx: TestInflux;
  let client: InfluxClient;
  const api = useTestApi(async () => {
    influx = await startTestInflux();
    return influx.settings;
  });
  afterAll(async () => {
    await client?.close();
    await influx?.stop();
  });
  storeCopyContract(api, () => {
    client ??= new InfluxClient(api.deps().config.influx as InfluxConfig, 2);
    return influxSource(client);
  });
});
