import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const MISSING = 'PostgreSQL 15 is not installed: apt-get install postgresql-15 (it need not run).';
const START_TIMEOUT_MS = 60_000;

/**
 * Starts Debian's PostgreSQL 15 on 127.0.0.1 and a free port, with a database `robowatch`; `stop()` deletes its data.
 * Ends with this process. After `crash()`, a power cut, `restart()` uses the same data and port; `pause()` freezes it
 * with all its connections. With `tls` it accepts only encrypted connections.
 */
export async function startPostgres({ tls }: { tls?: { key: Buffer; cert: Buffer } } = {}) {
  const user = databaseUser();
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-postgres15-'));
  if (user) chownSync(dir, user.uid, user.gid);
  const as = user ? ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--'] : [];
  const run = (program: string, args: string[]) =>
    user ? { command: 'setpriv', args: [...as, join(BIN, program), ...args] } : { command: join(BIN, program), args };

  const password = randomBytes(16).toString('hex');
  const passwordFile = join(dir, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const data = join(dir, 'data');
  const options = ['-D', data, '-U', 'robowatch', '-A', 'scram-sha-256', '--pwfile', passwordFile, '--no-sync'];
  const init = run('initdb', [...options, '-E', 'UTF8', '--locale=C']);
  await runCommand(init.command, init.args, { cwd: '/', missing: MISSING });

  const port = await freePort();
  const url = `postgres://robowatch:${password}@127.0.0.1:${port}/postgres`;
  if (tls) await encryptedOnly(data, tls, user);
  const settings = ['-h', '127.0.0.1', '-p', String(port), '-k', '', '-c', 'max_connections=60'];
  const start = async () => {
    const { command, args } = run('postgres', ['-D', data, ...settings]);
    const child = await startChild(command, args, { cwd: '/', env: { LC_ALL: 'C' } });
    await untilReady(child, data);
    return child;
  };
  let child = await start();
  return {
    url,
    pid: () => child.pid,
    crash: () => child.kill(),
    restart: async () => {
      child = await start();
    },
    pause: async () => signalAll(await family(child.pid), 'SIGSTOP'),
    resume: async () => signalAll(await family(child.pid), 'SIGCONT'),
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function databaseUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody']).toString());
  return { uid: id('-u'), gid: id('-g') };
}

async function encryptedOnly(
  data: string,
  tls: { key: Buffer; cert: Buffer },
  user: { uid: number; gid: number } | undefined,
) {
  const [key, cert] = [join(data, 'server.key'), join(data, 'server.crt')];
  await writeFile(key, tls.key, { mode: 0o600 });
  await writeFile(cert, tls.cert);
  if (user) for (const file of [key, cert]) chownSync(file, user.uid, user.gid);
  await appendFile(join(data, 'postgresql.conf'), 'ssl = on\n');
  await writeFile(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
}

/** postmaster.pid: line 8 says `ready` (src/include/utils/pidfile.h); a crashed server's file names another process. */
async function untilReady(child: Child, data: string) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.hasExited()) throw new Error(`PostgreSQL exited while starting:\n${child.output()}`);
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return;
    await sleep(50);
  }
  throw new Error(`PostgreSQL did not start within ${START_TIMEOUT_MS / 1000} s:\n${child.output()}`);
}

/** A process and its children; PostgreSQL has one per connection. */
async function family(pid: number): Promise<number[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const children: number[] = [];
  for (const candidate of processes) {
    const stat = await readFile(`/proc/${candidate}/stat`, 'utf8').catch(() => '');
    if (Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]) === pid) children.push(candidate);
  }
  return [pid, ...children];
}

function signalAll(pids: number[], signal: NodeJS.Signals) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has already exited.
    }
  }
}
