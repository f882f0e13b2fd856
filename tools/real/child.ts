import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  pid: number;
  /** What it has printed lately, both streams. */
  output(): string;
  hasExited(): boolean;
  /** null while it runs, and when a signal ended it. */
  exitCode(): number | null;
  /** Resolves when the process has ended, for whatever reason. */
  exited: Promise<void>;
  /** Asks it to end (SIGTERM); after ten seconds ends it. */
  stop(): Promise<void>;
  /** Ends it as a power cut would (SIGKILL). */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Freezes it (SIGSTOP) as an overloaded disk would; resolves when all of it stands still. */
  pause(): Promise<void>;
  resume(): void;
}

const KEPT_OUTPUT = 256_000;

export interface ChildOptions {
  cwd: string;
  /** The whole environment, beside PATH: nothing else of ours, which may hold secrets. */
  env: NodeJS.ProcessEnv;
  onOutput?(text: string): void;
}

/** Starts a program that must not outlive this process, however this process ends. */
export async function startChild(command: string, args: string[], options: ChildOptions): Promise<Child> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Out of reach of a terminal's Ctrl-C: who starts it also stops it, in order.
    detached: true,
  });
  let output = '';
  const keep = (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT);
    options.onOutput?.(text);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await once(child, 'spawn');
  const pid = child.pid as number;
  const guard = endWithThisProcess(pid);
  exited.then(() => guard.kill());
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const exitCode = () => child.exitCode;
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  const pause = async () => {
    signal('SIGSTOP');
    while (!hasExited() && !(await isStopped(child.pid as number))) await sleep(5);
  };
  const kill = async () => {
    signal('SIGKILL');
    await exited;
  };
  const stop = async () => {
    signal('SIGTERM');
    signal('SIGCONT');
    await Promise.race([exited, sleep(10_000, undefined, { ref: false })]);
    await kill();
  };
  return {
    pid,
    output: () => output,
    hasExited,
    exitCode,
    exited,
    stop,
    kill,
    signal,
    pause,
    resume: () => signal('SIGCONT'),
  };
}

/** Whether every thread of a process stands still: /proc/PID/task/TID/stat, third field (proc(5)). */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T')),
  );
  return states.every((stat) => stat[stat.lastIndexOf(')') + 2] === 'T');
}

/** Waits on a pipe from this process; when that closes, the process it guards is ended, with its group. Works after a SIGKILL too. */
function endWithThisProcess(pid: number): ChildProcess {
  const guard = spawn('sh', ['-c', 'cat >/dev/null; kill -KILL "-$0" 2>/dev/null', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  return guard;
}
