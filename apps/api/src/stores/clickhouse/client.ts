import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { AppError } from '../../errors.ts';
import type { SqlText } from './query-text.ts';

export interface ClickHouseConfig {
  /** One or more machines of a cluster. */
  urls: string[];
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

/** ClickHouse over HTTP, as one user who may only insert and one who may only read. Of several machines, the first that answers is asked. */
export class ClickHouse {
  #nodes: Node[];
  #current = 0;
  #quorum: number;

  constructor({ urls, database, writer, reader, quorum }: ClickHouseConfig) {
    const open = (url: string, { user, password }: Account, connections: number) =>
      createClient({
        ...{ url, database, username: user, password, max_open_connections: connections },
        ...{ request_timeout: READ_TIMEOUT_MS, log: { level: ClickHouseLogLevel.OFF } },
      });
    this.#nodes = urls.map((url) => ({
      writer: open(url, writer, WRITE_CONNECTIONS),
      reader: open(url, reader, READ_CONNECTIONS),
    }));
    this.#quorum = quorum;
  }

  /** Inserts rows, encoded as RowBinary. They may be stored twice, which is as good as once. @throws when it is not certain that they are stored */
  async insert(table: string, columns: readonly string[], rows: Buffer, signal: AbortSignal): Promise<void> {
    const settings = { insert_quorum: String(this.#quorum), insert_quorum_timeout: QUORUM_TIMEOUT_MS };
    await this.#onAny(signal, async ({ writer }) => {
      const { stream } = await writer.exec({
        query: `insert into ${table} (${columns.join()}) format RowBinary`,
        values: Readable.from([rows]),
        clickhouse_settings: this.#quorum > 1 ? settings : {},
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
    const reading = this.#onAny(signal, ({ reader }) =>
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

  /** Asks the machine that answered last, and the others if it fails. */
  async #onAny<Result>(signal: AbortSignal, ask: (node: Node) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const asked = this.#current;
      try {
        return await ask(this.#nodes[asked] as Node);
      } catch (error) {
        if (signal.aborted || tries >= this.#nodes.length) throw error;
        // Unless somebody else has moved on already.
        if (this.#current === asked) this.#current = (asked + 1) % this.#nodes.length;
      }
    }
  }

  async rows<Row extends unknown[]>(query: SqlText, signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    await this.read<Row>(query, (row) => rows.push(row), signal);
    return rows;
  }

  /** @throws when none answers */
  async ping(): Promise<void> {
    await this.#onAny(AbortSignal.timeout(QUORUM_TIMEOUT_MS), async ({ reader }) => {
      const reply = await reader.ping();
      if (!reply.success) throw reply.error;
    });
  }

  /** Changes data as the writer. */
  async command({ text }: SqlText): Promise<void> {
    await this.#onAny(AbortSignal.timeout(READ_TIMEOUT_MS), ({ writer }) => writer.command({ query: text }));
  }

  close = async (): Promise<void> => {
    await Promise.all(this.#nodes.flatMap(({ writer, reader }) => [writer.close(), reader.close()]));
  };
}

const unreadable = () =>
  new AppError('store_unavailable', 'The metrics store does not answer. Try again in a moment.', { retryAfter: 5 });
