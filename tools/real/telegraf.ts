import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { startChild } from './child.ts';
import { runCommand } from './run-command.ts';

const VERSION = '1.37.2';
const AGENT = join(import.meta.dirname, '../../agent');
const MODULE = 'github.com/influxdata/telegraf';

/** The agent's configuration files. */
export const AGENT_CONFIG_FILES = [join(AGENT, 'telegraf.conf'), join(AGENT, 'telegraf.d/logs.conf')];

/**
 * The path of a Telegraf with exactly the plugins in the agent's configuration, built on first use (a minute or two;
 * needs Go and the network).
 */
export async function ensureTelegraf(): Promise<string> {
  const plugins = await neededPlugins();
  const hash = createHash('sha256').update(plugins.join(',')).digest('hex').slice(0, 12);
  return buildOnce('telegraf', `${VERSION}-${hash}`, async (dir) => {
    const tags = ['custom', ...plugins].join(',');
    const version = `-X ${MODULE}/internal.Version=${VERSION}`;
    await runCommand('go', ['install', '-tags', tags, '-ldflags', version, `${MODULE}/cmd/telegraf@v${VERSION}`], {
      cwd: dir,
      env: { ...process.env, GOBIN: dir, CGO_ENABLED: '0' },
      missing: 'Telegraf cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.',
    });
  });
}

/** Build tags of all inputs and outputs in the configuration, and of their data formats; sorted. */
async function neededPlugins() {
  const plugins = new Set<string>();
  for (const file of AGENT_CONFIG_FILES) {
    let kind = '';
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const plugin = /^\s*\[\[((inputs|outputs|processors|aggregators)\.\w+)\]\]/.exec(line);
      if (plugin?.[1] && plugin[2]) {
        kind = plugin[2];
        plugins.add(plugin[1]);
      }
      const format = /^\s*data_format\s*=\s*"(\w+)"/.exec(line)?.[1];
      if (format) plugins.add(`${kind === 'outputs' ? 'serializers' : 'parsers'}.${format}`);
    }
  }
  return [...plugins].sort();
}

export interface TelegrafOptions {
  /** Configuration files, in the order they are read. */
  configFiles: string[];
  /** Its whole environment except PATH and the folder of the agent's files. Pass secrets here. */
  env: NodeJS.ProcessEnv;
  /** Its working folder, which also contains the journal's cursor. */
  dir?: string;
  onOutput?(text: string): void;
}

/** Starts the real Telegraf, building it first if necessary. Ends with this process. */
export async function startTelegraf({ configFiles, env, dir, onOutput }: TelegrafOptions) {
  const telegraf = await ensureTelegraf();
  const args = ['--strict-env-handling', ...configFiles.flatMap((file) => ['--config', file])];
  const folders = { ROBOWATCH_AGENT_DIR: AGENT, ...(dir && { ROBOWATCH_STATE_DIR: dir }) };
  const child = await startChild(telegraf, args, { cwd: dir ?? tmpdir(), env: { ...folders, ...env }, onOutput });
  const { pid, output, stop, kill, exited } = child;
  return { pid, output, stop, kill, exited };
}
