import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Load {
  name: string;
  connections: number;
  lines: number;
  gzip: boolean;
  /** Lines of ten fields. */
  wide?: boolean;
}

export interface Target {
  name: string;
  url: string;
  path: string;
  scheme: 'Bearer' | 'Token';
  tokens: string[];
  /** Whether bodies must include the identity tags. */
  stamped: boolean;
}

export interface Measured {
  requests: number;
  seconds: number;
  p50_ms: number;
  p99_ms: number;
  failed: number;
}

const SCRIPT = join(import.meta.dirname, 'load.lua');

/** One run of wrk, one thread, for `seconds`. */
export async function run(
  load: Load,
  target: Target,
  bodies: string,
  count: number,
  dir: string,
  seconds: number,
): Promise<Measured> {
  const tokens = join(dir, `tokens-${target.name}`);
  await writeFile(tokens, `${target.tokens.join('\n')}\n`, { mode: 0o600 });
  const plan = {
    path: target.path,
    scheme: target.scheme,
    tokens,
    folder: bodies,
    bodies: String(count),
    encoding: load.gzip ? 'gzip' : 'identity',
    second: String(Math.floor(Date.now() / 1000)),
  };
  const file = join(dir, 'plan');
  await writeFile(
    file,
    Object.entries(plan)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  );
  const args = [
    '-t1',
    `-c${load.connections}`,
    `-d${seconds}s`,
    '--latency',
    '--timeout',
    '10s',
    '-s',
    SCRIPT,
    target.url,
    '--',
    file,
  ];
  const { stdout } = await promisify(execFile)('wrk', args);
  const result = /^RESULT (.*)$/m.exec(stdout)?.[1];
  if (!result) throw new Error(`wrk printed no result:\n${stdout}`);
  return JSON.parse(result) as Measured;
}
