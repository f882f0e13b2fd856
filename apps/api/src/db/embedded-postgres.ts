import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ConfigError } from '../config/env.ts';
import { type DatabaseUser, unprivilegedUser } from './database-user.ts';
import { ORDINARY_ROLE, prepareOrdinaryRole } from './ordinary-role.ts';
import { findBinaries } from './postgres-binaries.ts';
import { initialise, launch } from './postgres-process.ts';
import { dropStalePidFile, isServing, readPidFile } from './postmaster-pid.ts';

/** Held while a process uses the directory, so that a second start fails with a clear error. */
const DIRECTORY_LOCK = 7_160_001;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 300;
/** Pauses between attempts to start it again after it died. Children of the dead one may live on for a moment. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];
/** After a crash it first repeats what its log says. */
const RECOVERY_TIMEOUT_MS = 600_000;

export interface EmbeddedPostgres {
  /** Connects as an ordinary role that owns the database and its contents and has no other rights. */
  url: string;
  /** Connects as the superuser. */
  adminUrl: string;
  /** Process id of the PostgreSQL server. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** What to do when PostgreSQL dies. */
export interface Mishaps {
  /** It has ended, and is being started again. */
  onDown?(): void;
  /** @param ms since it was found dead */
  onUp?(ms: number): void;
  /** It does not start any more. */
  onLost?(error: Error): void;
}

/** What is needed to start it. */
interface Place {
  dir: string;
  data: string;
  password: string;
  postgres: string;
  user: DatabaseUser | undefined;
  processes: number;
}

/** It ended by itself, or did not answer in time. */
class NotStarted extends ConfigError {}

interface Running {
  pid: number;
  port: number;
  /** Holds the lock on the directory. */
  lock: pg.Client;
  /** Resolves when that connection has ended. */
  gone: Promise<unknown>;
  /** Unless it was started by a former process. */
  child: ChildProcess | undefined;
}

/**
 * Starts the PostgreSQL 18 installed by npm, on 127.0.0.1 and a free port, with its data in `dir/postgres`.
 * Takes over a server left running by a killed process. One that dies is started again, on the same port.
 * @param processes how many will connect to it
 * @throws ConfigError when another process uses the directory or the server does not start
 */
export async function startEmbeddedPostgres(
  dir: string,
  mishaps: Mishaps = {},
  processes = 1,
): Promise<EmbeddedPostgres> {
  const data = join(dir, 'postgres');
  const user = unprivilegedUser();
  const { initdb, postgres } = await findBinaries(user);
  const password = keptPassword(dir);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(initdb, data, password, user);
  const place = { dir, data, password, postgres, user, processes };
  const stopping = new AbortController();
  let running = await startFirst(place, stopping.signal);
  let again: Promise<void> | undefined;
  const watch = () =>
    void running.gone.then(() => {
      if (!stopping.signal.aborted) again = startAgain();
    });
  const startAgain = async () => {
    try {
      running = await restart(place, running, mishaps, stopping.signal);
      watch();
    } catch (error) {
      if (!stopping.signal.aborted) mishaps.onLost?.(error as Error);
    }
  };
  watch();
  return {
    url: urlOf(password, running.port),
    adminUrl: urlOf(password, running.port, 'postgres'),
    get pid() {
      return running.pid;
    },
    async stop() {
      stopping.abort();
      await again;
      await stop(running, data);
    },
  };
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

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** The server of a killed process may still be stopping. @throws ConfigError */
async function startFirst(place: Place, signal: AbortSignal): Promise<Running> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(FIRST_PAUSE_MS)) {
    try {
      return await bringUp(place, { timeoutMs: deadline - Date.now(), signal });
    } catch (error) {
      if (!(error instanceof NotStarted) || Date.now() > deadline) throw error;
    }
  }
}

interface Launch {
  /** A free one by default. */
  port?: number;
  timeoutMs: number;
  signal: AbortSignal;
  onLaunch?(): void;
}

/** @throws ConfigError; Error when `signal` aborts */
async function bringUp(
  { dir, data, password, postgres, user, processes }: Place,
  { port, timeoutMs, signal, onLaunch }: Launch,
): Promise<Running> {
  const deadline = Date.now() + timeoutMs;
  let child: ChildProcess | undefined;
  let log = '';
  try {
    for (;;) {
      signal.throwIfAborted();
      const running = readPidFile(data);
      if (running) {
        const locked = await takeDirectoryLock(urlOf(password, running.port, 'postgres'), dir);
        if (locked) {
          await prepareOrdinaryRole(locked.lock, password);
          return { ...running, ...locked, child };
        }
      } else if (!child) {
        dropStalePidFile(data);
        onLaunch?.();
        child = launch(postgres, data, { port: port ?? (await freePort()), processes }, user);
        child.stderr?.on('data', (chunk: Buffer) => {
          log = (log + chunk.toString()).slice(-2000);
        });
      }
      if (Date.now() > deadline || (child && hasEnded(child)))
        throw new NotStarted(`The embedded PostgreSQL in ${data} did not start:\n${log.trim()}`);
      await sleep(50);
    }
  } catch (error) {
    child?.stdin?.end();
    throw error;
  }
}

/** @param former the one whose lock was lost. @throws ConfigError when it cannot be started */
async function restart(place: Place, former: Running, mishaps: Mishaps, signal: AbortSignal): Promise<Running> {
  const began = performance.now();
  let isDown = false;
  const onLaunch = () => {
    former.child?.stdin?.end();
    if (!isDown) mishaps.onDown?.();
    isDown = true;
  };
  const launched = { port: former.port, timeoutMs: RECOVERY_TIMEOUT_MS, signal, onLaunch };
  for (const pause of PAUSES_MS) {
    try {
      const running = await bringUp(place, launched);
      if (isDown) mishaps.onUp?.(performance.now() - began);
      // Where only the connection was lost, it is still the former one's child.
      return isDown ? running : { ...running, child: former.child };
    } catch (error) {
      if (signal.aborted || (error instanceof ConfigError && !(error instanceof NotStarted))) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
  return bringUp(place, launched);
}

/** @returns undefined while the server is starting or stopping */
async function takeDirectoryLock(url: string, dir: string): Promise<Pick<Running, 'lock' | 'gone'> | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, keepAlive: true });
  client.on('error', () => {});
  const gone = new Promise((ended) => client.once('end', ended));
  try {
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [DIRECTORY_LOCK]);
    if (rows[0].taken) return { lock: client, gone };
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

async function stop({ lock, pid, child }: Running, data: string): Promise<void> {
  await lock.end().catch(() => {});
  child?.stdin?.end();
  if ((!child || hasEnded(child)) && isServing(data)) process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isServing(data) && Date.now() < deadline) await sleep(20);
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
