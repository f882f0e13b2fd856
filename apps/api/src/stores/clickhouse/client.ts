import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { AppError } from '../../errors.ts';
import type { SqlText } from './query-text.ts';
import { Replicas } from './replicas.ts';
import { localOf } from './tables.ts';

export interface ClickHouseConfig {
  /** URLs of the machines of each shard: one, or more that have the same. */
  shards: string[][];
  database: string;
  writer: Account;
  reader: Account;
  /** Machines that must have a point before it is acknowledged; 1 where there is only one. */
  quorum: number;
}

export interface Account {
  user: string;
  password: string;
}

export interface Insertion {
  shard: number;
  table: string;
  columns: readonly string[];
  rows: Buffer;
}

const WRITE_CONNECTIONS = 8;
const READ_CONNECTIONS = 16;
/** Writes end before robots give up waiting. */
const QUORUM_TIMEOUT_MS = 3_000;
const READ_TIMEOUT_MS = 120_000;
/** Long enough for the identifiers of ten thousand robots. */
const MAX_QUERY_BYTES = 1 << 20;

interface Node {
  writer: ClickHouseClient;
  reader: ClickHouseClient;
}

function openNode({ database, writer, reader }: ClickHouseConfig, url: string): Node {
  const open = ({ user, password }: Account, connections: number) =>
    createClient({
      ...{ url, database, username: user, password, max_open_connections: connections },
      ...{ request_timeout: READ_TIMEOUT_MS, log: { level: ClickHouseLogLevel.OFF } },
    });
  return { writer: open(writer, WRITE_CONNECTIONS), reader: open(reader, READ_CONNECTIONS) };
}

/** ClickHouse over HTTP, as one user who may only insert and one who may only read. Of several machines, any that answers is read from. */
export class ClickHouse {
  #config: ClickHouseConfig;
  #nodes: Node[];
  #any: Replicas<Node>;
  #shards: Replicas<Node>[];

  constructor(config: ClickHouseConfig, nodes = config.shards.map((urls) => urls.map((url) => openNode(config, url)))) {
    this.#config = config;
    this.#nodes = nodes.flat();
    this.#any = new Replicas(this.#nodes);
    this.#shards = nodes.map((ofShard) => new Replicas(ofShard));
  }

  /** Each machine by itself, for what concerns its own tables. */
  machines = (): ClickHouse[] => this.#nodes.map((node) => new ClickHouse(this.#config, [[node]]));

  /** The shard that a robot's rows are written to. They are found on any. */
  shardOf = (robotId: number): number => robotId % this.#shards.length;

  /** Inserts rows of one shard's robots, encoded as RowBinary. They may be stored twice, which is as good as once. @throws when it is not certain that they are stored */
  async insert({ shard, table, columns, rows }: Insertion, signal: AbortSignal): Promise<void> {
    const { quorum } = this.#config;
    const settings = { insert_quorum: String(quorum), insert_quorum_timeout: QUORUM_TIMEOUT_MS };
    const target = this.#shards.length > 1 ? localOf(table) : table;
    await this.#shards[shard]?.ask(signal, async ({ writer }) => {
      const { stream } = await writer.exec({
        query: `insert into ${target} (${columns.join()}) format RowBinary`,
        values: Readable.from([rows]),
        // A table that leads to others has them before this answers.
        clickhouse_settings: { insert_distributed_sync: 1, ...(quorum > 1 ? settings : {}) },
        abort_signal: signal,
      });
      // Its end is the acknowledgement.
      await finished(stream.resume());
    });
  }

  /**
   * Reads rows one after the other. @param each receives a row's columns; 64-bit integers may come as text. What it throws ends the
   * query. @throws AppError store_unavailable
   */
  async read<Row extends unknown[]>({ text }: SqlText, each: (row: Row) => void, signal: AbortSignal): Promise<void> {
    const reading = this.#any.ask(signal, ({ reader }) =>
      reader.query({
        ...{ query: text, format: 'JSONEachRow', abort_signal: signal },
        clickhouse_settings: { max_query_size: String(MAX_QUERY_BYTES) },
      }),
    );
    const result = await reading.catch((error: Error) => {
      throw Object.assign(unreadable(), { cause: error });
    });
    try {
      // No two columns have the same name, and none that is a number: the order is that of the query.
      for await (const rows of result.stream()) for (const row of rows) each(Object.values(row.json<object>()) as Row);
    } finally {
      result.close();
    }
  }

  async rows<Row extends unknown[]>(query: SqlText, signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    await this.read<Row>(query, (row) => rows.push(row), signal);
    return rows;
  }

  /** @throws when none answers */
  async ping(): Promise<void> {
    await this.#any.ask(AbortSignal.timeout(QUORUM_TIMEOUT_MS), async ({ reader }) => {
      const reply = await reader.ping();
      if (!reply.success) throw reply.error;
    });
  }

  /** @throws what a machine answers, with `type`; without it when none answers */
  async tryAccount(account: 'reader' | 'writer'): Promise<void> {
    const abort_signal = AbortSignal.timeout(QUORUM_TIMEOUT_MS);
    // The writer may read no table.
    const query = account === 'reader' ? 'select 1 from points limit 0' : 'select 1';
    await this.#any.ask(abort_signal, async (node) => (await node[account].query({ query, abort_signal })).close());
  }

  /** Changes data as the writer. */
  async command({ text }: SqlText): Promise<void> {
    await this.#any.ask(AbortSignal.timeout(READ_TIMEOUT_MS), ({ writer }) => writer.command({ query: text }));
  }

  close = async (): Promise<void> => {
    await Promise.all(this.#nodes.flatMap(({ writer, reader }) => [writer.close(), reader.close()]));
  };
}

const unreadable = () =>
  new AppError('store_unavailable', 'The metrics store does not answer. Try again in a moment.', { retryAfter: 5 });
