import { ConfigError } from '../config/env.ts';
import { migrate } from '../db/migrate.ts';
import { ClickHouse } from '../stores/clickhouse/client.ts';
import { verify } from '../stores/clickhouse/verify.ts';
import { copyStore, type Progress } from '../stores/copy/copy-store.ts';
import { postgresSource } from '../stores/copy/postgres-source.ts';
import { type Config, runCommand } from './command.ts';

const EVERY_MS = 5_000;

const number = new Intl.NumberFormat('en');
const text = ({ done, all, points, logs }: Progress) =>
  `${all === 0 ? 100 : Math.floor((done / all) * 100)} %: ${number.format(points)} values and ${number.format(logs)} log entries copied`;

/**
 * `npm run store:copy`: copies metrics and logs to ClickHouse, from InfluxDB if INFLUX_URL is set, otherwise from PostgreSQL. The
 * server writes to ClickHouse already. Interrupted, it goes on where it was.
 */
await runCommand(async (db, config) => {
  if (!config.clickhouse)
    throw new ConfigError(
      'Set CLICKHOUSE_URL, and start the server with it first: then nothing more is added to what is copied.',
    );
  await migrate(db);
  const clickhouse = new ClickHouse(config.clickhouse);
  const { source, close } = await openSource(config, db);
  try {
    if (!(await verify(clickhouse))) throw new ConfigError('ClickHouse at CLICKHOUSE_URL does not respond.');
    let toldAt = 0;
    const onProgress = (progress: Progress) => {
      if (Date.now() - toldAt < EVERY_MS) return;
      toldAt = Date.now();
      process.stderr.write(`${text(progress)}\n`);
    };
    const { retention } = config.metrics;
    const copied = await copyStore({ db, clickhouse, source, retention, onProgress });
    if (copied.all === 0)
      throw new ConfigError(`${sourceOf(config)} has nothing to copy. Are these the settings of the server?`);
    return `${text(copied)} and verified.`;
  } finally {
    await Promise.all([clickhouse.close(), close()]);
  }
});

function sourceOf({ influx, database }: Config): string {
  return influx ? 'InfluxDB at INFLUX_URL' : `PostgreSQL ${database.url ? 'at DATABASE_URL' : 'in DATA_DIR'}`;
}

async function openSource({ influx }: Config, db: Parameters<typeof postgresSource>[0]) {
  if (!influx) return { source: postgresSource(db), close: async () => {} };
  const [{ InfluxClient }, { influxSource }] = await Promise.all([
    import('../stores/influxdb/client.ts'),
    import('../stores/copy/influxdb-source.ts'),
  ]);
  const client = new InfluxClient(influx, 2);
  return { source: influxSource(client), close: () => client.close() };
}
