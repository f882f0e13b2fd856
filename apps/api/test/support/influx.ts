import { InfluxDB } from '@influxdata/influxdb-client';
import { startInfluxd } from '../../../../tools/real/influxd.ts';
import { setUpInflux } from '../../src/stores/influxdb/setup.ts';

export type TestInflux = Awaited<ReturnType<typeof startTestInflux>>;

/** A real InfluxDB, set up like `npm run influx:setup`, with direct access to its data. */
export async function startTestInflux(options: Parameters<typeof startInfluxd>[0] = {}) {
  const influxd = await startInfluxd(options);
  const { url, org, bucket, adminToken } = influxd;
  const tokens = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 30 * 86_400 });
  const settings = {
    INFLUX_URL: url,
    INFLUX_ORG: org,
    INFLUX_BUCKET: bucket,
    INFLUX_WRITE_TOKEN: tokens.writeToken,
    INFLUX_READ_TOKEN: tokens.readToken,
  };
  const queries = new InfluxDB({ url, token: adminToken }).getQueryApi(org);
  const query = <Row>(flux: string) => queries.collectRows<Row>(flux);
  const pointsOf = (robotId: number) =>
    query(`from(bucket: "${bucket}") |> range(start: -40d, stop: 2d) |> filter(fn: (r) => r.robot_id == "${robotId}")`);
  return { ...influxd, settings, query, pointsOf };
}
