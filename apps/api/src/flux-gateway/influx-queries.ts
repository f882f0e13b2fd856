import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { AppError } from '../errors.ts';
import type { Node } from './flux-ast.ts';

export interface InfluxReader {
  url: string;
  org: string;
  /** Can only read from the bucket. */
  readToken: string;
}

export interface Dialect {
  annotations?: string[];
  delimiter?: string;
  header?: boolean;
}

export interface Answer {
  status: number;
  contentType: string;
  body: Readable;
}

const CONNECTIONS = 64;
/** A tree repeats the text of each part of a query. */
const MAX_TREE_BYTES = 16 * 1024 * 1024;
const unreachable = (cause: unknown) =>
  Object.assign(
    new AppError('store_unavailable', 'The metrics store does not respond. Try again shortly.', { retryAfter: 10 }),
    { cause },
  );

/** The two calls of InfluxDB's API that the gateway makes, with the token that can only read the bucket. */
export class InfluxQueries {
  #pool: Pool;
  #org: string;
  #headers: Record<string, string>;

  constructor({ url, org, readToken }: InfluxReader, timeoutMs: number) {
    this.#pool = new Pool(url, { connections: CONNECTIONS, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    this.#org = new URLSearchParams({ org }).toString();
    this.#headers = { authorization: `Token ${readToken}`, 'content-type': 'application/json' };
  }

  /** @returns the query's syntax tree, or InfluxDB's own error. @throws AppError store_unavailable */
  async parse(query: string, signal: AbortSignal): Promise<{ tree: unknown } | Answer> {
    const answer = await this.#post('/api/v2/query/ast', JSON.stringify({ query }), signal);
    if (answer.status !== 200) return answer;
    const text = await textOf(answer.body);
    return { tree: (JSON.parse(text) as { ast?: unknown }).ast };
  }

  /** @param ast a package in JSON. @param prelude the file put before it */
  run(ast: string, prelude: Node, dialect: Dialect, signal: AbortSignal): Promise<Answer> {
    const body = `{"type":"flux","dialect":${JSON.stringify(dialect)},"extern":${JSON.stringify(prelude)},"ast":${ast}}`;
    return this.#post('/api/v2/query', body, signal);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #post(path: string, body: string, signal: AbortSignal): Promise<Answer> {
    const reply = await this.#pool
      .request({ method: 'POST', path: `${path}?${this.#org}`, headers: this.#headers, body, signal })
      .catch((error) => {
        throw unreachable(error);
      });
    const contentType = String(reply.headers['content-type'] ?? 'application/json');
    return { status: reply.statusCode, contentType, body: reply.body };
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_TREE_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(error);
  }
  if (bytes > MAX_TREE_BYTES) throw new AppError('validation_failed', 'The query is too long.');
  return Buffer.concat(chunks).toString();
}
