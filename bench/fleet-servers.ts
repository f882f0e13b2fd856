import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { connect } from '../apps/api/src/db/client.ts';
import { startEmbeddedPostgres } from '../apps/api/src/db/embedded-postgres.ts';
import { FleetBodies } from './fleet-bodies.ts';
import { startStore } from './metrics-store.ts';
import { family } from './process-usage.ts';
import { signIn, startRobowatch } from './robowatch.ts';

/** The parts whose time and memory are measured. */
export type Part = 'server' | 'postgres' | 'store';
/** Of all servers together: the embedded PostgreSQL has sixty. */
const CONNECTIONS = 36;

export type FleetServers = Awaited<ReturnType<typeof startServers>>;

/**
 * One PostgreSQL, one store and `processes` servers, with robots that belong to the first administrator.
 * @param options.areKnown whether the catalog has their series already
 */
export async function startServers(options: { store: string; processes: number; robots: number; areKnown: boolean }) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-fleet-'));
  const postgres = await startEmbeddedPostgres(dir);
  const store = await startStore(options.store);
  const pools: Record<string, string> =
    options.processes > 1
      ? {
          DATABASE_POOL_SIZE: String(Math.floor(CONNECTIONS / options.processes)),
          DATABASE_READ_POOL_SIZE: '4',
        }
      : {};
  const shared = {
    ...store.settings,
    ...pools,
    DATABASE_URL: postgres.url,
    SECRET_KEY: randomBytes(32).toString('hex'),
  };
  const start = async (number: number, ports: Record<string, string> = {}) => {
    const own = join(dir, `server-${number}`);
    await mkdir(own, { recursive: true });
    return startRobowatch(own, { ...shared, ...ports }, 0);
  };
  const servers = [await start(0)];
  while (servers.length < options.processes) servers.push(await start(servers.length));
  const portOf = (number: number) => Number(new URL((servers[number] as (typeof servers)[0]).url).port);
  const pids: Record<Part, () => number[]> = {
    server: () => servers.map(({ pid }) => pid),
    postgres: () => family(postgres.pid),
    store: () => (store.pid ? family(store.pid) : []),
  };

  const tokens = await insertRobots(postgres.url, options.robots);
  if (options.areKnown) await makeKnown(postgres.url, servers[0]?.url as string, tokens[0] as string);
  return {
    tokens,
    ports: servers.map((_, number) => portOf(number)),
    pids,
    url: servers[0]?.url as string,
    signIn: () => signIn(servers[0]?.url as string),
    /** Ends the first server as a power cut would, and starts it again. */
    async killOne(): Promise<void> {
      const port = portOf(0);
      await servers[0]?.kill();
      servers[0] = await start(0, { API_PORT: String(port) });
    },
    async stop(): Promise<void> {
      for (const server of servers) await server.stop();
      await store.stop();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** As if they had been paired, which over the API takes minutes for a hundred thousand. @returns their tokens */
async function insertRobots(databaseUrl: string, count: number): Promise<string[]> {
  const { db } = connect(databaseUrl, 1, { statementMs: 600_000 });
  const tokens = Array.from({ length: count }, () => randomBytes(32).toString('base64url'));
  const hashes = tokens.map((token) => createHash('sha256').update(token).digest('hex'));
  await sql`
    insert into robots (name, hostname, architecture, status, owner_id, influxdb_token)
    select 'orangepi-' || n, 'orangepi-' || n, 'arm64', 'active', (select min(id) from users), hash
    from unnest(${hashes}::text[]) with ordinality as given (hash, n)`.execute(db);
  await db.destroy();
  return tokens;
}

/** Gives all robots the series of one that has reported. */
async function makeKnown(databaseUrl: string, url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' };
  const reply = await fetch(`${url}/api/metrics`, { method: 'POST', headers, body: new FleetBodies().get(0, 1) });
  if (reply.status !== 204) throw new Error(`The first report: ${reply.status} ${await reply.text()}`);
  const { db } = connect(databaseUrl, 1, { statementMs: 600_000 });
  const others = sql`robots where influxdb_token is not null and robots.id not in (select robot_id from metric_series)`;
  await sql`
    insert into metric_fields (robot_id, measurement, field, type)
    select robots.id, f.measurement, f.field, f.type from metric_fields f, ${others}`.execute(db);
  await sql`
    insert into metric_series (robot_id, measurement, tags)
    select robots.id, s.measurement, s.tags from metric_series s, ${others}`.execute(db);
  await sql`update robots set first_write_at = now() where first_write_at is null`.execute(db);
  await sql`analyze`.execute(db);
  await db.destroy();
}
