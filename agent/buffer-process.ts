import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROUNDS_OF_A_PART = 6;

export interface BufferReport {
  buffered_bytes: number;
  buffered_points: number;
  dropped_points: number;
  oldest_age_s: number;
}

/** How Telegraf's own sending has come, counted in points since it started. */
export interface Progress {
  added: number;
  written: number;
  dropped?: number;
}

/** buffer.sh and take.sh, with the caller in Telegraf's place. Resolves when the script has begun. */
export async function startBuffer(dir: string, env: Record<string, string> = {}) {
  const settings = {
    ...{ PATH: process.env.PATH, ROBOWATCH_RUN_DIR: join(dir, 'run'), ROBOWATCH_STATE_DIR: join(dir, 'state') },
    ...{ ROBOWATCH_TICK: '10', ROBOWATCH_URL: 'http://127.0.0.1:1', ROBOWATCH_TOKEN: 'token', ...env },
  };
  const script = (name: string) => join(import.meta.dirname, name);
  const child = spawn('sh', [script('buffer.sh')], { env: settings, stdio: ['pipe', 'pipe', 'inherit'] });
  const reports: string[] = [];
  const lines = createInterface(child.stdout).on('line', (line) => reports.push(line));
  child.stdin.write('\n');
  await once(lines, 'line');
  return {
    take: (text: string) => execFileSync('sh', [script('take.sh')], { env: settings, input: text }),
    progress(...some: Progress[]) {
      const text = some.map(({ added, written, dropped = 0 }) => {
        const waiting = added - written - dropped;
        return `robowatch_internal_write,alias=robowatch,output=http buffer_size=${waiting}i,metrics_added=${added}i,metrics_dropped=${dropped}i,metrics_written=${written}i 1\n`;
      });
      this.take(text.join(''));
    },
    /** Lets a part be closed and decided on. @returns what the script says then */
    async part(): Promise<BufferReport> {
      const known = reports.length;
      child.stdin.write('\n'.repeat(ROUNDS_OF_A_PART));
      while (reports.length === known) await once(lines, 'line');
      const fields = /^robowatch_agent (.*)$/.exec(reports.at(-1) as string)?.[1] as string;
      return Object.fromEntries(
        fields.split(',').map((pair) => [pair.split('=')[0], Number.parseInt(pair.split('=')[1] as string, 10)]),
      ) as unknown as BufferReport;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
