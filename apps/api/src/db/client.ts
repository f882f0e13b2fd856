import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database, Tables } from './schema.ts';

const NAME = /^\/\* (\w+) \*\//;

/** A statement that begins with a comment of one word is prepared under it, once a connection: for those that run all the time. */
class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: query() has many forms; the others are passed on as they are
  override query(...args: any[]): any {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' ? NAME.exec(text)?.[1] : undefined;
    const query = super.query as (...args: unknown[]) => unknown;
    return query.apply(this, name ? [{ name, text, values }, ...rest] : args);
  }
}

/**
 * A pool and the query builder on it. Statements are bounded, so a stuck database cannot hold requests for ever.
 * @param statementMs how long one statement may take
 * @param waitMs how long to wait for a connection
 */
export function connect(url: string, poolSize: number, { statementMs = 30_000, waitMs = 3_000 } = {}) {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    // A database that is frozen, or gone without a word, does not even time out.
    query_timeout: statementMs + 2_000,
    application_name: 'robowatch',
    keepAlive: true,
  });
  // A connection that breaks is replaced at the next use. Without listeners it would end the process: the pool has one
  // for idle connections only, not for one that breaks between two statements of a transaction.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return { pool, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }) };
}

/**
 * Whether an error says that the database cannot serve at the moment, rather than that a query was wrong: not reached, going
 * down, out of room, a standby that only reads (25006), too slow (57014), or two that waited for each other (40P01).
 */
export function isUnreachable(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return (
    /^(08|53|57P|57014$|25006$|40P01$)/.test(code) ||
    /^E(CONN|HOST|PIPE|AI_AGAIN|TIMEDOUT|NOTFOUND)/.test(code) ||
    /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error/.test(
      message,
    )
  );
}

/** @throws when the database does not answer */
export async function ping(db: Database): Promise<void> {
  await sql`select 1`.execute(db);
}
