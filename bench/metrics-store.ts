import { setUpInflux } from '../apps/api/src/stores/influxdb/setup.ts';
import { startInfluxd } from '../tools/real/influxd.ts';

const RETENTION_S = 30 * 86_400;

/** A store to benchmark, and the server's settings for it. PostgreSQL is embedded in the server. */
export async function startStore(name: string): Promise<{
  settings: Record<string, string>;
  pid?: number;
  stop(): Promise<void>;
}> {
  if (name === 'postgres') return { settings: {}, stop: async () => {} };
  if (name !== 'influxdb') throw new Error(`--store must be influxdb or postgres, not ${name}`);
  const { url, org, bucket, adminToken, pid, stop } = await startInfluxd();
  const tokens = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: RETENTION_S });
  const settings = {
    ...{ INFLUX_URL: url, INFLUX_ORG: org, INFLUX_BUCKET: bucket },
    ...{ INFLUX_WRITE_TOKEN: tokens.writeToken, INFLUX_READ_TOKEN: tokens.readToken },
  };
  return { settings, pid, stop };
}
