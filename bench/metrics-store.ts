import { setUpInflux } from '../apps/api/src/stores/influxdb/setup.ts';
import { startInfluxd } from '../tools/real/influxd.ts';

const RETENTION_S = 30 * 86_400;

/** A store to measure on, and the settings by which the server finds it. PostgreSQL comes with the server. */
export async function startStore(name: string): Promise<{
  settings: Record<string, string>;
  pid?: number;
  stop(): Promise<void>;
}> {
  if (name === 'postgres') return { settings: {}, stop: async () => {} };
  if (name !== 'influxdb') throw new Error(`--store is influxdb or postgres, not ${name}`);
  const { url, org, bucket, adminToken, pid, stop } = await startInfluxd();
  const tokens = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: RETENTION_S });
  const settings = {
    ...{ INFLUX_URL: url, INFLUX_ORG: org, INFLUX_BUCKET: bucket },
    ...{ INFLUX_WRITE_TOKEN: tokens.writeToken, INFLUX_READ_TOKEN: tokens.readToken },
  };
  return { settings, pid, stop };
}
