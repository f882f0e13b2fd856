import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database, Tables } from './schema.ts';

const NAME = /^\/\* (\w+) \*\//;

/**
 * Prepares, once per connection, statements that begin with a one-word comment, which becomes their name. For frequent
 * ones.
 */
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
 * Creates a pool and a query builder. Timeouts keep a stuck database from blocking requests for ever.
 * @param statementMs timeout for one statement
 * @param waitMs timeout for getting a connection
 */
export function connect(url: string, poolSize: number, { statementMs = 30_000, waitMs = 3_000 } = {}) {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    // A frozen or vanished database does not enforce its own statement timeout.
    query_timeout: statementMs + 2_000,
    application_name: 'robowatch',
    keepAlive: true,
  });
  // A broken connection is replaced at the next use, but without a listener its error would end the process. The pool
  // listens only to idle connections, not to one that breaks between two statements of a transaction.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return { pool, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }) };
}

/**
 * Whether an error means that the database cannot serve at the moment, rather than that a query was wrong: unreachable,
 * shutting down, closed by us, out of resources, a read-only standby (25006), a password that is being replaced (28P01),
 * a timeout (57014) or a deadlock (40P01).
 */
export function isUnreachable(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return (
    /^(08|53|57P|57014$|25006$|28P01$|40P01$)/.test(code) ||
    /^E(CONN|HOST|PIPE|AI_AGAIN|TIMEDOUT|NOTFOUND)/.test(code) ||
    /timeout exceeded when trying to connect|Query read timeout|Connection terminated|driver has already been destroyed|Cannot use a pool after calling end|Client has encountered a connection error/.test(
      message,
    )
  );
}

/** @throws when the database does not respond */
export async function ping(db: Database): Promise<void> {
  await sql`select 1`.execute(db);
}
