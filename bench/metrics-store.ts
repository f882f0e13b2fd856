import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUpClickHouse } from '../apps/api/src/stores/clickhouse/setup.ts';
import { setUpInflux } from '../apps/api/src/stores/influxdb/setup.ts';
import { startChdb } from '../tools/real/chdb.ts';
import { startInfluxd } from '../tools/real/influxd.ts';

/** For what the server itself and PostgreSQL cost. */
const NULL_STORE_HOOK = join(import.meta.dirname, 'null-store-hook.ts');
const RETENTION_S = 30 * 86_400;

/** A store to benchmark, and the server's settings for it. PostgreSQL is embedded in the server. */
export async function startStore(name: string): Promise<{
  settings: Record<string, string>;
  pid?: number;
  stop(): Promise<void>;
}> {
  if (name === 'postgres') return { settings: {}, stop: async () => {} };
  if (name === 'none') return { settings: { NODE_OPTIONS: `--import=${NULL_STORE_HOOK}` }, stop: async () => {} };
  if (name === 'clickhouse') return startClickHouse();
  if (name !== 'influxdb') throw new Error(`--store must be influxdb, postgres, clickhouse or none, not ${name}`);
  const { url, org, bucket, adminToken, pid, stop } = await startInfluxd();
  const tokens = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: RETENTION_S });
  const settings = {
    ...{ INFLUX_URL: url, INFLUX_ORG: org, INFLUX_BUCKET: bucket },
    ...{ INFLUX_WRITE_TOKEN: tokens.writeToken, INFLUX_READ_TOKEN: tokens.readToken },
  };
  return { settings, pid, stop };
}

/** ClickHouse's engine in one process, which has no users: the passwords are for the server's check only. */
async function startClickHouse() {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-chdb-'));
  const { url, pid, stop } = await startChdb(dir);
  await setUpClickHouse({ shards: [[url]], admin: { user: 'default', password: '' }, database: 'robowatch' });
  const password = randomBytes(12).toString('hex');
  return {
    settings: {
      ...{ CLICKHOUSE_URL: url, CLICKHOUSE_DATABASE: 'robowatch' },
      ...{ CLICKHOUSE_WRITER_PASSWORD: password, CLICKHOUSE_READER_PASSWORD: password },
    },
    pid,
    async stop() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
