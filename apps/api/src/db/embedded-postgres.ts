import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ConfigError } from '../config/env.ts';
import { asDatabaseUser, type DatabaseUser, handedOver, unprivilegedUser } from './database-user.ts';
import { ORDINARY_ROLE, prepareOrdinaryRole } from './ordinary-role.ts';
import { findBinaries } from './postgres-binaries.ts';
import { dropStalePidFile, readPidFile } from './postmaster-pid.ts';

/** Held while a process uses the directory, so that a second start fails with a clear error. */
const DIRECTORY_LOCK = 7_160_001;
const START_TIMEOUT_MS = 30_000;
/** Stops PostgreSQL when stdin closes, which happens however our process ends. */
const WATCH = '"$@" </dev/null & pid=$!; trap "" INT TERM; cat >/dev/null; kill -INT "$pid" 2>/dev/null; wait "$pid"';

export interface EmbeddedPostgres {
  /** Connects as an ordinary role that owns the database and its contents and has no other rights. */
  url: string;
  /** Connects as the superuser. */
  adminUrl: string;
  /** Process id of the PostgreSQL server. */
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL 18 installed by npm, on 127.0.0.1 and a free port, with its data in `dir/postgres`.
 * Takes over a server left running by a killed process.
 * @throws ConfigError when another process uses the directory or the server does not start
 */
export async function startEmbeddedPostgres(dir: string): Promise<EmbeddedPostgres> {
  const data = join(dir, 'postgres');
  const user = unprivilegedUser();
  const binaries = await findBinaries(user);
  const password = keptPassword(dir);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(binaries.initdb, data, password, user);

  const deadline = Date.now() + START_TIMEOUT_MS;
  let child: ChildProcess | undefined;
  let log = '';
  for (;;) {
    const running = readPidFile(data);
    if (running) {
      const [url, adminUrl] = [urlOf(password, running.port), urlOf(password, running.port, 'postgres')];
      const lock = await takeDirectoryLock(adminUrl, dir);
      if (lock) {
        await prepareOrdinaryRole(lock, password);
        return { url, adminUrl, pid: running.pid, stop: () => stop(lock, running.pid, child, data) };
      }
    } else if (!child || child.exitCode !== null) {
      dropStalePidFile(data);
      child = launch(binaries.postgres, data, await freePort(), user);
      child.stderr?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-2000);
      });
    }
    if (Date.now() > deadline)
      throw new ConfigError(`The embedded PostgreSQL in ${data} did not start:\n${log.trim()}`);
    await sleep(50);
  }
}

/** URL of the embedded PostgreSQL of `dir`, if it is running. */
export function findEmbeddedPostgres(dir: string): string | undefined {
  const running = readPidFile(join(dir, 'postgres'));
  return running && urlOf(keptPassword(dir), running.port);
}

const urlOf = (password: string, port: number, role = ORDINARY_ROLE) =>
  `postgres://${role}:${password}@127.0.0.1:${port}/postgres`;

function keptPassword(dir: string): string {
  const file = join(dir, 'postgres-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/**
 * Runs initdb in a separate folder, renamed at the end, so that an interrupted run leaves no usable-looking database.
 */
async function initialise(
  initdb: string,
  data: string,
  password: string,
  user: DatabaseUser | undefined,
): Promise<void> {
  const fresh = `${data}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  const passwordFile = `${data}.password`;
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [fresh, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    const args = [
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      // Sorts by code point, but knows the letters of all alphabets, so that searches are case-insensitive.
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ];
    await handedOver([fresh, passwordFile], user, ([path, secret], descriptors) => {
      const own = ['--data-checksums', '-D', `${path}`, `--pwfile=${secret}`];
      const command = asDatabaseUser(initdb, [...args, ...own], user);
      const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...descriptors];
      return finished(spawn(command.file, command.args, { ...command.options, cwd: '/', stdio }));
    });
    renameSync(fresh, data);
  } catch (error) {
    throw new ConfigError(`The embedded PostgreSQL could not be set up in ${data}: ${(error as Error).message}`);
  }
}

/** @throws Error with the program's standard error */
async function finished(child: ChildProcess): Promise<void> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(errors.trim() || `exit code ${code}`);
}

/** PostgreSQL's cache, in MiB: a small part of a small board's memory, which the system's own cache needs, too. */
function sharedBuffersMiB(): number {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 ** 20;
  return Math.round(Math.min(128, Math.max(32, memory / 32)));
}

function launch(postgres: string, data: string, port: number, user: DatabaseUser | undefined): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 60,
    shared_buffers: `${sharedBuffersMiB()}MB`,
    // Nothing is replicated from here; this is one process less.
    max_logical_replication_workers: 0,
    max_wal_size: '1GB',
    wal_compression: 'on',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return handedOver([data], user, ([path], descriptors) => {
    const command = asDatabaseUser(postgres, ['-D', `${path}`, ...options], user);
    return spawn('/bin/sh', ['-c', WATCH, 'sh', command.file, ...command.args], {
      ...command.options,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe', ...descriptors],
    });
  });
}

/** @returns undefined while the server is starting or stopping */
async function takeDirectoryLock(url: string, dir: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [DIRECTORY_LOCK]);
    if (rows[0].taken) return client;
  } catch (error) {
    await client.end().catch(() => {});
    if ((error as { code?: string }).code === '28P01') {
      throw new ConfigError(
        `The embedded PostgreSQL rejects the password in ${dir}/postgres-password. Restore that file from a backup.`,
      );
    }
    return undefined;
  }
  await client.end();
  throw new ConfigError(`${dir} is in use by another Robowatch. Stop it first, or set DATA_DIR to another directory.`);
}

async function stop(lock: pg.Client, pid: number, child: ChildProcess | undefined, data: string): Promise<void> {
  await lock.end().catch(() => {});
  child?.stdin?.end();
  if (!child) process.kill(pid, 'SIGINT');
  const deadline = Date.now() + 10_000;
  while (existsSync(join(data, 'postmaster.pid')) && Date.now() < deadline) await sleep(20);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
