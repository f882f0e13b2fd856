import { type FluxTableMetaData, flux, InfluxDB, type ParameterizedQuery } from '@influxdata/influxdb-client';
import { Pool } from 'undici';
import { AppError } from '../../errors.ts';

export interface InfluxConfig {
  url: string;
  org: string;
  bucket: string;
  /** Can only write to the bucket. */
  writeToken: string;
  /** Can only read from the bucket. */
  readToken: string;
}

type Value = number | string | boolean | null;

const QUERY_TIMEOUT_MS = 30_000;
const CHECK_TIMEOUT_MS = 5_000;
const unreachable = () =>
  new AppError('store_unavailable', 'The metrics store does not respond. Try again shortly.', { retryAfter: 10 });

/** The parts of InfluxDB 2's HTTP API in use: write, query, delete. https://docs.influxdata.com/influxdb/v2/api/v2/ */
export class InfluxClient {
  readonly bucket: string;
  #pool: Pool;
  #writePath: string;
  #deletePath: string;
  #queryPath: string;
  #readToken: string;
  #writeHeaders: Record<string, string>;
  #queries: (signal?: AbortSignal) => ReturnType<InfluxDB['getQueryApi']>;

  constructor({ url, org, bucket, writeToken, readToken }: InfluxConfig, connections: number) {
    this.bucket = bucket;
    this.#pool = new Pool(url, { connections, keepAliveTimeout: 60_000, headersTimeout: QUERY_TIMEOUT_MS });
    this.#writePath = `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ns' })}`;
    this.#deletePath = `/api/v2/delete?${new URLSearchParams({ org, bucket })}`;
    this.#queryPath = `/api/v2/query?${new URLSearchParams({ org })}`;
    this.#readToken = readToken;
    this.#writeHeaders = { authorization: `Token ${writeToken}` };
    const options = { url, token: readToken, timeout: QUERY_TIMEOUT_MS };
    const unlimited = new InfluxDB(options).getQueryApi(org);
    this.#queries = (signal) =>
      signal ? new InfluxDB({ ...options, transportOptions: { signal } }).getQueryApi(org) : unlimited;
  }

  /** @returns the status, and InfluxDB's message if it refused anything. @throws when InfluxDB cannot be reached */
  async write(body: Buffer, signal: AbortSignal): Promise<{ status: number; message: string }> {
    const headers = { ...this.#writeHeaders, 'content-type': 'text/plain; charset=utf-8' };
    const reply = await this.#pool.request({ method: 'POST', path: this.#writePath, headers, body, signal });
    const text = await reply.body.text();
    return { status: reply.statusCode, message: text === '' ? '' : readMessage(text) };
  }

  /**
   * @param read builds a row from functions for a cell's text and the typed `_value`, the names of all columns, and the value's type
   * @param signal aborts the query, in InfluxDB too
   * @param isLast returns true for the row to stop after
   * @throws AppError store_unavailable
   */
  async query<Row>(
    flux: ParameterizedQuery,
    read: (cell: (column: string) => string, value: () => Value, columns: string[], dataType: string) => Row,
    signal?: AbortSignal,
    isLast?: (row: Row) => boolean,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    try {
      for await (const { values, tableMeta } of this.#queries(signal).iterateRows(flux)) {
        const cell = (column: string) => values[tableMeta.column(column, false).index] ?? '';
        const { dataType = '' } = tableMeta.column('_value', false);
        const value = () => typed(cell('_value'), dataType);
        const row = read(cell, value, columnsOf(tableMeta), dataType);
        rows.push(row);
        if (isLast?.(row)) break;
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw Object.assign(unreachable(), { cause: error });
    }
    return rows;
  }

  /** Deletes everything in the bucket that matches the predicate. @throws AppError store_unavailable */
  async delete(predicate: string): Promise<void> {
    const body = JSON.stringify({ start: '1970-01-01T00:00:00Z', stop: '2262-01-01T00:00:00Z', predicate });
    const headers = { ...this.#writeHeaders, 'content-type': 'application/json' };
    const reply = await this.#pool
      .request({ method: 'POST', path: this.#deletePath, headers, body })
      .catch(() => undefined);
    await reply?.body.dump();
    if (reply?.statusCode !== 204) throw unreachable();
  }

  /**
   * Tries both tokens. @returns the statuses of an empty write and of a read. @throws when InfluxDB cannot be reached
   */
  async tryTokens(): Promise<{ write: number; read: number }> {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    const { status: write } = await this.write(Buffer.alloc(0), signal);
    const query = String(flux`from(bucket: ${this.bucket}) |> range(start: -1s) |> limit(n: 1)`);
    const reply = await this.#pool.request({
      ...{ method: 'POST', path: this.#queryPath, signal, body: query },
      headers: { authorization: `Token ${this.#readToken}`, 'content-type': 'application/vnd.flux' },
    });
    const text = await reply.body.text();
    return { write, read: text.includes('could not find bucket') ? 404 : reply.statusCode };
  }

  async healthy(): Promise<boolean> {
    const reply = await this.#pool.request({ method: 'GET', path: '/health', signal: AbortSignal.timeout(2000) });
    await reply.body.dump();
    return reply.statusCode === 200;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** Column names per table, cached because they are needed for every row. */
const columnNames = new WeakMap<FluxTableMetaData, string[]>();
function columnsOf(table: FluxTableMetaData): string[] {
  const known = columnNames.get(table) ?? table.columns.map(({ label }) => label);
  columnNames.set(table, known);
  return known;
}

/** Converts a cell by its annotated CSV datatype. */
function typed(text: string, dataType: string | undefined): Value {
  if (dataType === 'string') return text;
  if (text === '') return null;
  if (dataType === 'boolean') return text === 'true';
  // A sum or mean of finite values may be +Inf, which JSON cannot represent.
  return Number.isFinite(Number(text)) ? Number(text) : null;
}

function readMessage(reply: string): string {
  try {
    return String((JSON.parse(reply) as { message?: string }).message ?? reply);
  } catch {
    return reply;
  }
}
