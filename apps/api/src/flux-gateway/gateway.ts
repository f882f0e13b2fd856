import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/schema.ts';
import type { Viewer } from '../robots/index.ts';
import { boundedAnswer } from './bounded-answer.ts';
import { type CheckedQuery, checkQuery } from './check-query.ts';
import { type Answer, type Dialect, InfluxQueries, type InfluxReader } from './influx-queries.ts';
import { checkNesting } from './nesting.ts';
import { preludeOf } from './prelude.ts';
import { readableRobots } from './readable-robot-store.ts';
import { dayRows, fleetRows } from './relational-store.ts';
import { askedByAll } from './sites.ts';

export interface GatewaySettings {
  influx: InfluxReader & { bucket: string };
  /** Of an answer. */
  maxBytes: number;
  /** Seconds. */
  timeout: number;
  /** Seconds. */
  offlineAfter: number;
}

export interface FluxQuery {
  query: string;
  dialect: Dialect;
}

/** Of checked queries and refusals; what depends on the caller is never kept. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Runs Flux for people who may read some robots only. */
export class FluxGateway {
  #db: Database;
  #settings: GatewaySettings;
  #influx: InfluxQueries;
  #checked = new LRUCache<string, CheckedQuery>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ ast }, text) => 2 * (ast.length + text.length) + 500,
  });

  /** @param db for reading, with a limit to each statement */
  constructor(db: Database, settings: GatewaySettings) {
    this.#db = db;
    this.#settings = settings;
    this.#influx = new InfluxQueries(settings.influx, settings.timeout * 1000);
  }

  /**
   * @returns InfluxDB's own answer, of rows of the viewer's robots only, or its own error
   * @throws AppError forbidden and validation_failed for the query, store_unavailable, database errors; nothing has run then
   */
  async run(viewer: Viewer, { query, dialect }: FluxQuery, signal: AbortSignal): Promise<Answer> {
    const checked = await this.#check(query, signal);
    if ('status' in checked) return checked;
    const prelude = await this.#prelude(viewer, checked);
    const answer = await this.#influx.run(checked.ast, prelude, dialect, signal);
    const why = () =>
      signal.aborted ? 'the query took too long; narrow it' : 'the metrics store has ended the answer';
    return { ...answer, body: Readable.from(boundedAnswer(answer.body, this.#settings.maxBytes, why)) };
  }

  close(): Promise<void> {
    return this.#influx.close();
  }

  async #check(query: string, signal: AbortSignal): Promise<CheckedQuery | Answer> {
    const known = this.#checked.get(query);
    if (known) return known;
    checkNesting(query);
    const parsed = await this.#influx.parse(query, signal);
    if ('status' in parsed) return parsed;
    const checked = checkQuery(parsed.tree, this.#settings.influx.bucket);
    this.#checked.set(query, checked);
    return checked;
  }

  async #prelude(viewer: Viewer, checked: CheckedQuery) {
    const { days, names } = checked;
    const only = askedByAll(checked);
    const { influx, offlineAfter } = this.#settings;
    const made = await Promise.all(
      days.map(async ({ name, asked }) => [name, await dayRows(this.#db, viewer, asked)] as const),
    );
    return preludeOf(checked, {
      bucket: influx.bucket,
      readable:
        only?.length === 0 && viewer.role !== 'admin'
          ? { ids: [], others: 0 }
          : await readableRobots(this.#db, viewer, only),
      days: new Map(made),
      ...(names.includes('fleet') && { fleet: await fleetRows(this.#db, viewer, offlineAfter) }),
    });
  }
}
