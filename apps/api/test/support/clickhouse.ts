import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { startChdb } from '../../../../tools/real/chdb.ts';
import { setUpClickHouse } from '../../src/stores/clickhouse/setup.ts';

/** ClickHouse's engine, set up like `npm run clickhouse:setup` except for users, with direct access to its data. */
export async function startTestClickHouse() {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-clickhouse-'));
  const chdb = await startChdb(dir);
  const database = 'robowatch';
  const password = randomBytes(12).toString('hex');
  await setUpClickHouse({ shards: [[chdb.url]], admin: { user: 'default', password: '' }, database });
  const client = createClient({ url: chdb.url, database });
  const query = async <Row>(text: string) => (await client.query({ query: text, format: 'JSONEachRow' })).json<Row>();
  const settings = {
    CLICKHOUSE_URL: chdb.url,
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_WRITER_PASSWORD: password,
    CLICKHOUSE_READER_PASSWORD: password,
  };
  const command = (text: string) => client.command({ query: text });
  const pointsOf = async (robotId: number) => [
    ...(await query<object>(`select * from points final where robot_id = ${robotId}`)),
    ...(await query<object>(`select * from logs final where robot_id = ${robotId}`)),
    ...(await query<object>(`select * from latest final where robot_id = ${robotId}`)),
  ];
  /** @throws when ClickHouse does not know the statement */
  const parse = (statement: string) => query(`explain ast ${statement}`);
  const stop = async () => {
    await client.close();
    await chdb.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: chdb.url, database, settings, query, command, parse, pointsOf, stop };
}
