import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  pid: number;
  /** Its recent output, of both streams. */
  output(): string;
  hasExited(): boolean;
  /** null while it runs, and if a signal ended it. */
  exitCode(): number | null;
  /** Resolves when the process has ended, for whatever reason. */
  exited: Promise<void>;
  /** Sends SIGTERM, and after ten seconds SIGKILL. */
  stop(): Promise<void>;
  /** Sends SIGKILL, as in a power cut. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Freezes it (SIGSTOP), as an overloaded disk would; resolves when all threads have stopped. */
  pause(): Promise<void>;
  resume(): void;
}

const KEPT_OUTPUT = 256_000;

export interface ChildOptions {
  cwd: string;
  /** The whole environment except PATH; ours is not inherited, because it may contain secrets. */
  env: NodeJS.ProcessEnv;
  onOutput?(text: string): void;
}

/** Starts a program that ends with this process, however that ends. */
export async function startChild(command: string, args: string[], options: ChildOptions): Promise<Child> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Shielded from the terminal's Ctrl-C, so that its owner can stop programs in order.
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
  endWithThisProcess(child);
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

/** A server ends within 15 s by itself; but the threads of Node have been seen to wait for each other while it exits. */
const OVERDUE_MS = 30_000;

/** @returns its exit code, null if a signal ended it: SIGKILL, if it takes too long */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill(signal);
  const overdue = setTimeout(() => child.kill('SIGKILL'), OVERDUE_MS);
  const [code] = await exited;
  clearTimeout(overdue);
  return code as number | null;
}

/** Whether every thread of a process has stopped: /proc/PID/task/TID/stat, third field (proc(5)). */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T')),
  );
  return states.every((stat) => stat[stat.lastIndexOf(')') + 2] === 'T');
}

/**
 * Ends a child that leads a process group (`detached`), with that group, when this process has ended, however it did: a
 * guard waits on a pipe from this process, which closes even after a SIGKILL.
 */
export function endWithThisProcess(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'cat >/dev/null; kill -KILL "-$0" 2>/dev/null', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  child.once('exit', () => guard.kill());
}
