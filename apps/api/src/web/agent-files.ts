import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';

const AGENT = new URL('../../../../agent/', import.meta.url);
const FILES = { 'telegraf.conf': 'telegraf.conf', 'logs.conf': 'telegraf.d/logs.conf', 'journal.sh': 'journal.sh' };

const read = (path: string) => readFileSync(new URL(path, AGENT), 'utf8');

/** Serves `/agent/` files and `/install.sh`, which contains this server's URL and the digests of those files. */
export function serveAgent(web: FastifyInstance, config: Config): void {
  const files = Object.entries(FILES).map(([name, path]) => ({ name, text: read(path) }));
  const script = installScript(config, files);
  for (const { url, text } of [
    { url: '/install.sh', text: script },
    ...files.map(({ name, text }) => ({ url: `/agent/${name}`, text })),
  ]) {
    web.get(url, async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(text),
    );
  }
}

function installScript({ publicUrl, certificateAuthority }: Config, files: { name: string; text: string }[]): string {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const values: Record<string, string> = {
    SERVER_URL: publicUrl,
    SERVER_CA: certificateAuthority?.pem.trim() ?? '',
    CHECKSUMS: files.map(({ name, text }) => `${digest(text)}  ${name}`).join('\n'),
  };
  return read('install.sh').replace(/'@(SERVER_URL|SERVER_CA|CHECKSUMS)@'/g, (_, name) => quote(values[name] ?? ''));
}

/** Quotes for a POSIX shell, where only a single quote is special within single quotes. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
