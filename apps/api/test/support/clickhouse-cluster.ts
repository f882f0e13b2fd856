import { createClient } from '@clickhouse/client';
import { CLUSTER, startClickHouseCluster } from '../../../../tools/real/clickhouse-cluster.ts';
import { statementsOf } from '../../src/stores/clickhouse/setup.ts';

const DATABASE = 'robowatch';

/** The server of 2018 has no codecs, no users made by SQL, and its DDL worker does not bear today's ZooKeeper: each machine is set up by itself. */
const forOldServer = (statement: string) =>
  statement.replace(` on cluster \`${CLUSTER}\``, '').replace(/ codec\((?:[^()]|\([^()]*\))*\)/g, '');

/** A cluster of real servers, set up like `npm run clickhouse:setup` except for users, with direct access to each machine. */
export async function startTestCluster({
  shards,
  quorum,
  ...layout
}: {
  shards: number;
  replicas: number;
  quorum: number;
}) {
  const cluster = await startClickHouseCluster({ shards, ...layout });
  const { user, password, urls } = cluster;
  const connect = (i: number, database?: string) => createClient({ url: urls[i], username: user, password, database });
  const command = async (i: number, query: string, database?: string) => {
    const client = connect(i, database);
    await client.command({ query });
    await client.close();
  };
  const rows = async <Row>(i: number, query: string): Promise<Row[]> => {
    const client = connect(i, DATABASE);
    try {
      return await (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
    } finally {
      await client.close();
    }
  };
  const machinesOf = Array.from({ length: shards }, (_, of) => urls.filter((_, i) => i % shards === of));
  const setup = { shards: machinesOf, admin: { user, password }, database: DATABASE, cluster: CLUSTER };
  const run = async (statements: string[]) => {
    for (const i of urls.keys()) for (const statement of statements) await command(i, forOldServer(statement));
  };
  await run(statementsOf(setup));
  const settings = {
    ...{
      CLICKHOUSE_URL: machinesOf.map((machines) => machines.join()).join(';'),
      CLICKHOUSE_DATABASE: DATABASE,
      CLICKHOUSE_QUORUM: String(quorum),
    },
    ...{ CLICKHOUSE_WRITER: user, CLICKHOUSE_WRITER_PASSWORD: password },
    ...{ CLICKHOUSE_READER: user, CLICKHOUSE_READER_PASSWORD: password },
  };
  return { ...cluster, setup, settings, run, rows, command: (i: number, query: string) => command(i, query, DATABASE) };
}
