import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { ConfigError } from '../config/env.ts';
import { asDatabaseUser, type DatabaseUser, handedOver } from './database-user.ts';

/** Stops PostgreSQL when stdin closes, which happens however our process ends. Ends when PostgreSQL does. */
const WATCH = [
  '"$@" </dev/null & pid=$!',
  'trap "" INT TERM',
  'exec 9<&0',
  '{ cat >/dev/null; kill -INT "$pid"; } <&9 2>/dev/null & watch=$!',
  'wait "$pid"',
  'kill -KILL "$watch" 2>/dev/null',
].join('\n');

/**
 * Runs initdb in a separate folder, renamed at the end, so that an interrupted run leaves no usable-looking database.
 */
export async function initialise(
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

/** Connections of one of our processes by default, and some for commands. */
const CONNECTIONS = 30;

/** @returns the process that watches over PostgreSQL; it ends with it */
export function launch(
  postgres: string,
  data: string,
  { port, processes }: { port: number; processes: number },
  user: DatabaseUser | undefined,
): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: CONNECTIONS * (processes + 1),
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
