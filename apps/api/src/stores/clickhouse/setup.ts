import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ConfigError } from '../../config/env.ts';
import type { Account } from './client.ts';
import { DAYS, localOf, type Table } from './tables.ts';

export interface ClickHouseSetup {
  /** URLs of the machines of each shard. */
  shards: string[][];
  admin: Account;
  database: string;
  /** A cluster's name in ClickHouse's configuration, where the tables are replicated. */
  cluster?: string;
  /** Users to make; undefined where they are kept elsewhere. */
  writer?: Account;
  reader?: Account;
}

const DAY_NS = '86400000000000';
const POINTS_A_DAY = `partition by intDiv(time, ${DAY_NS})`;
/** A series that has ended goes with the partition of its last value. */
const LATEST_PART = `partition by intDiv(time, ${DAY_NS} * 7)`;

/** Makes the database, its tables and its users, as far as they are missing. @throws ConfigError */
export async function setUpClickHouse(setup: ClickHouseSetup): Promise<void> {
  const { shards, admin, cluster } = setup;
  const log = { level: ClickHouseLogLevel.OFF };
  const client = createClient({ url: shards[0]?.[0], username: admin.user, password: admin.password, log });
  try {
    if (cluster) await checkShards(client, cluster, shards.length);
    const former = cluster ? await tablesBeforeShards(client, setup.database) : [];
    for (const statement of statementsOf(setup, former)) await client.command({ query: statement });
  } finally {
    await client.close();
  }
}

async function checkShards(client: ClickHouseClient, cluster: string, named: number): Promise<void> {
  const query = `select toUInt32(uniqExact(shard_num)) as shards from system.clusters where cluster = ${quoted(cluster)}`;
  const [{ shards }] = (await (await client.query({ query, format: 'JSONEachRow' })).json<{ shards: number }>()) as [
    { shards: number },
  ];
  if (shards === named) return;
  throw new ConfigError(
    shards === 0
      ? `ClickHouse has no cluster ${cluster} in its configuration (remote_servers).`
      : `The cluster ${cluster} has ${shards} shards, but CLICKHOUSE_URL names machines of ${named}: separate shards by semicolons, in the order of ClickHouse’s configuration.`,
  );
}

/** Tables of a cluster that was set up when there was one shard only: they become the local ones. */
async function tablesBeforeShards(client: ClickHouseClient, database: string): Promise<Table[]> {
  const query = `select name from system.tables where database = ${quoted(database)}
    and name in (${Object.keys(DAYS).map(quoted)}) and engine like 'Replicated%'`;
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json<{ name: Table }>();
  return rows.map(({ name }) => name);
}

/** What makes it, in order; each can be repeated. @param former tables that become local ones */
export function statementsOf(setup: ClickHouseSetup, former: Table[] = []): string[] {
  const { database, cluster } = setup;
  const everywhere = cluster ? ` on cluster ${name(cluster)}` : '';
  const [whole, feed] = [name(database), `${name(database)}.latest_feed`];
  return [
    `create database if not exists ${whole}${everywhere}`,
    ...(former.length > 0 ? [`drop table if exists ${feed}${everywhere}`] : []),
    ...former.map((table) => `rename table ${whole}.${table} to ${whole}.${localOf(table)}${everywhere}`),
    ...tables(whole, everywhere, cluster),
    ...users(setup, everywhere),
  ];
}

/** In a cluster, each machine has its shard's tables, and others of the usual names that lead to those of all shards. */
function tables(database: string, everywhere: string, cluster: string | undefined): string[] {
  const part = (table: Table) => (cluster ? localOf(table) : table);
  const replacing = (table: Table, version: string) =>
    cluster
      ? `ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/${database.replaceAll('`', '')}/${table}', '{replica}'${version && `, ${version}`})`
      : `ReplacingMergeTree(${version})`;
  const leading = (table: Table) =>
    `create table if not exists ${database}.${table}${everywhere} as ${database}.${part(table)}
      engine = Distributed(${name(cluster ?? '')}, ${database}, ${part(table)}, robot_id)`;
  return [
    // One row a value: values of one line may come apart, and overwrite one another field by field.
    `create table if not exists ${database}.${part('points')}${everywhere} (
      robot_id UInt32, measurement LowCardinality(String), field LowCardinality(String), tags String codec(ZSTD(1)),
      time Int64 codec(DoubleDelta, ZSTD(1)),
      kind Enum8('float' = 1, 'integer' = 2, 'unsigned' = 3, 'boolean' = 4, 'string' = 5),
      num Float64 codec(Gorilla, ZSTD(1)), whole Int64 codec(ZSTD(1)), str String codec(ZSTD(1)), ver UInt64 codec(ZSTD(1))
    ) engine = ${replacing('points', 'ver')} ${POINTS_A_DAY} order by (robot_id, measurement, field, tags, time)`,
    `create table if not exists ${database}.${part('logs')}${everywhere} (
      robot_id UInt32, time Int64 codec(DoubleDelta, ZSTD(1)), digest FixedString(16), level LowCardinality(String),
      program LowCardinality(String), message String codec(ZSTD(1))
    ) engine = ${replacing('logs', '')} ${POINTS_A_DAY} order by (robot_id, time, digest)`,
    // Each series' newest number, for the fleet's page: a few rows for each robot instead of a day's.
    `create table if not exists ${database}.${part('latest')}${everywhere} (
      robot_id UInt32, measurement LowCardinality(String), field LowCardinality(String), tags String, time Int64, num Float64
    ) engine = ${replacing('latest', 'time')} ${LATEST_PART} order by (measurement, field, robot_id, tags)`,
    `create materialized view if not exists ${database}.latest_feed${everywhere} to ${database}.${part('latest')} as
      select robot_id, measurement, field, tags, time, num from ${database}.${part('points')} where kind in ('float', 'integer', 'unsigned')`,
    ...(cluster ? [leading('points'), leading('logs'), leading('latest')] : []),
  ];
}

/** Least rights: one user inserts and drops what has expired, the other only reads, and so much that the writer is not held up. */
function users({ database, writer, reader }: ClickHouseSetup, everywhere: string): string[] {
  if (!writer || !reader) return [];
  const all = `${name(database)}.*`;
  const create = ({ user, password }: Account, settings: string) => [
    `create user if not exists ${name(user)}${everywhere} identified with sha256_password by ${quoted(password)}`,
    `alter user ${name(user)}${everywhere} identified with sha256_password by ${quoted(password)} settings ${settings}`,
  ];
  return [
    ...create(writer, `max_memory_usage = ${MAX_MEMORY}`),
    `grant${everywhere} select, insert, alter delete on ${all} to ${name(writer.user)}`,
    // A query whose reader has left ends, too.
    ...create(
      reader,
      `max_memory_usage = ${MAX_MEMORY}, max_execution_time = ${MAX_SECONDS}, cancel_http_readonly_queries_on_client_close = 1, readonly = 2`,
    ),
    `grant${everywhere} select on ${all} to ${name(reader.user)}`,
    `grant${everywhere} select on system.parts to ${name(reader.user)}`,
    `create quota if not exists ${name(reader.user)}${everywhere} for interval 1 minute max execution_time = ${QUOTA_SECONDS} to ${name(reader.user)}`,
  ];
}

const MAX_MEMORY = 4_000_000_000;
const MAX_SECONDS = 120;
/** Of all its queries together, in each minute: what twenty of them at once may take. */
const QUOTA_SECONDS = 1_200;

const name = (text: string) => `\`${text.replace(/[\\`]/g, '\\$&')}\``;
const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
