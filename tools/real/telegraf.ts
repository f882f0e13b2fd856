import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { startChild } from './child.ts';
import { goInstall } from './go-install.ts';
import { runCommand } from './run-command.ts';
import { type Architecture, OWN_ARCHITECTURE } from './system-root.ts';

export const TELEGRAF_VERSION = '1.37.2';
const AGENT = join(import.meta.dirname, '../../agent');
const MODULE = 'github.com/influxdata/telegraf';

/** The agent's configuration files. */
export const AGENT_CONFIG_FILES = [
  'telegraf.conf',
  'telegraf.d/logs.conf',
  'telegraf.d/buffer.conf',
  'telegraf.d/board.conf',
  'telegraf.d/listener.conf',
].map((file) => join(AGENT, file));

/** For the compiler, as the packages for Debian are built: those for armhf run on a Raspberry Pi Zero. */
const TARGETS = {
  amd64: { GOARCH: 'amd64' },
  arm64: { GOARCH: 'arm64' },
  armhf: { GOARCH: 'arm', GOARM: '6' },
};

/**
 * The path of a Telegraf with exactly the plugins in the configuration, by default the agent's, built on first use (a minute or two;
 * needs Go and the network).
 */
export async function ensureTelegraf(
  configFiles = AGENT_CONFIG_FILES,
  architecture: Architecture = OWN_ARCHITECTURE,
): Promise<string> {
  const plugins = await neededPlugins(configFiles);
  const hash = createHash('sha256').update(plugins.join(',')).digest('hex').slice(0, 12);
  const isForeign = architecture !== OWN_ARCHITECTURE;
  return buildOnce('telegraf', `${TELEGRAF_VERSION}-${hash}${isForeign ? `-${architecture}` : ''}`, async (dir) => {
    const tags = ['custom', ...plugins].join(',');
    const version = `-X ${MODULE}/internal.Version=${TELEGRAF_VERSION}`;
    await goInstall(dir, ['-tags', tags, '-ldflags', version, `${MODULE}/cmd/telegraf@v${TELEGRAF_VERSION}`], {
      ...(isForeign && TARGETS[architecture]),
      CGO_ENABLED: '0',
    });
  });
}

/** The folder of Telegraf's sources, which also has what its Debian package is made of. */
export async function telegrafSources(): Promise<string> {
  const download = ['mod', 'download', '-json', `${MODULE}@v${TELEGRAF_VERSION}`];
  const { Dir } = JSON.parse(await runCommand('go', download, { missing: 'Go is not installed.' }));
  return Dir;
}

/** Build tags of all inputs and outputs in the configuration, and of their data formats; sorted. */
async function neededPlugins(configFiles: string[]) {
  const plugins = new Set<string>();
  for (const file of configFiles) {
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
  /** Its working folder, which also contains what is not sent yet, and the journal's cursor. */
  dir: string;
  onOutput?(text: string): void;
  /** Files whose plugins it needs, if not the agent's. */
  pluginsOf?: string[];
}

/** Starts the real Telegraf, building it first if necessary. Ends with this process. */
export async function startTelegraf({ configFiles, env, dir, onOutput, pluginsOf }: TelegrafOptions) {
  const telegraf = await ensureTelegraf(pluginsOf);
  const args = ['--strict-env-handling', ...configFiles.flatMap((file) => ['--config', file])];
  const folders = { ROBOWATCH_AGENT_DIR: AGENT, ROBOWATCH_STATE_DIR: dir, ROBOWATCH_RUN_DIR: join(dir, 'run') };
  const child = await startChild(telegraf, args, { cwd: dir, env: { ...folders, ...env }, onOutput });
  const { pid, output, stop, kill, exited } = child;
  return { pid, output, stop, kill, exited };
}
