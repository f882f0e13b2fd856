import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/env.ts';

const AGENT = new URL('../../../../agent/', import.meta.url);
const FILES: Record<string, string> = {
  'telegraf.conf': 'telegraf.conf',
  'logs.conf': 'telegraf.d/logs.conf',
  'buffer.conf': 'telegraf.d/buffer.conf',
  'board.conf': 'telegraf.d/board.conf',
  'listener.conf': 'telegraf.d/listener.conf',
  'service.conf': 'service.conf',
  'hardening.conf': 'hardening.conf',
  ...Object.fromEntries(
    ['journal', 'take', 'buffer', 'spool', 'backfill', 'board', 'listen', 'status'].map((name) => [
      `${name}.sh`,
      `${name}.sh`,
    ]),
  ),
};

/** For robots' own programs; nothing installs them. */
const EXAMPLES = ['robowatch_lines.py', 'robowatch_node.py'];

const read = (path: string) => readFileSync(new URL(path, AGENT), 'utf8');

/** What robots get of this server: by name the agent's files, Telegraf's packages, and the script that installs them. */
export interface AgentContents {
  files: { name: string; text: string }[];
  examples: { name: string; text: string }[];
  packages: { name: string; architecture: string; path: string; digest: string }[];
  /** Contains this server's URL, its private authority, and the digests of everything else. */
  script: string;
}

/** @throws ConfigError when the operator's packages cannot be read */
export async function agentContents(config: Config): Promise<AgentContents> {
  const files = Object.entries(FILES).map(([name, path]) => ({ name, text: read(path) }));
  const packages = await packagesIn(config.agentPackages);
  const script = installScript(config, [
    ...files.map(({ name, text }) => ({ name, digest: digestOf(text) })),
    ...packages,
  ]);
  const examples = EXAMPLES.map((name) => ({ name, text: read(`examples/${name}`) }));
  return { files, examples, packages, script };
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Telegraf's packages in a folder: for each architecture the one whose name comes last. */
async function packagesIn(folder: string | undefined) {
  if (!folder) return [];
  const found = new Map<string, string>();
  try {
    for (const name of readdirSync(folder).sort()) {
      const [, architecture] = /^telegraf[\w.+~-]*_(arm64|amd64|armhf)\.deb$/.exec(name) ?? [];
      if (architecture) found.set(architecture, join(folder, name));
    }
  } catch (error) {
    throw new ConfigError(`AGENT_PACKAGES cannot be read: ${(error as Error).message}`);
  }
  return Promise.all(
    [...found].map(async ([architecture, path]) => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      return { name: `telegraf-${architecture}.deb`, architecture, path, digest: hash.digest('hex') };
    }),
  );
}

function installScript({ publicUrl, certificateAuthority }: Config, files: { name: string; digest: string }[]): string {
  const values: Record<string, string> = {
    SERVER_URL: publicUrl,
    SERVER_CA: certificateAuthority?.pem.trim() ?? '',
    CHECKSUMS: files.map(({ name, digest }) => `${digest}  ${name}`).join('\n'),
  };
  return read('install.sh').replace(/'@(SERVER_URL|SERVER_CA|CHECKSUMS)@'/g, (_, name) => quote(values[name] ?? ''));
}

/** Quotes for a POSIX shell, where only a single quote is special within single quotes. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
