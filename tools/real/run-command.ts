import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Error message if the program is not installed. */
  missing: string;
}

const KEPT_OUTPUT = 8_000;

/**
 * Runs a program to its end, at low priority, so that builds do not slow down other work on the machine.
 * Resolves to its standard output; rejects with the end of its output.
 */
export function runCommand(command: string, args: string[], options: CommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let tail = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      tail = (tail + text).slice(-KEPT_OUTPUT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-KEPT_OUTPUT);
    });
    child.once('spawn', () => {
      if (child.pid !== undefined) lowerPriority(child.pid);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error(options.missing) : error);
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(stdout.trim());
      else reject(new Error(`${command} ${args[0] ?? ''} failed (${signal ?? `exit code ${code}`}):\n${tail.trim()}`));
    });
  });
}

function lowerPriority(pid: number) {
  try {
    setPriority(pid, 10);
  } catch {
    // It has already exited.
  }
}
