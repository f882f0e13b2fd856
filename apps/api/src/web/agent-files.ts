import { createReadStream } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Config } from '../config/config.ts';
import { agentContents } from './agent-contents.ts';
import { codeAsQr } from './code-as-qr.ts';

const CODES_A_SECOND = 20;

/**
 * Serves `/agent/` files and `/install.sh`, which contains this server's URL and the digests of those files. Robots that reach only this
 * server get Telegraf's package from it, too, if the operator has put it there. @throws ConfigError
 */
export async function serveAgent(web: FastifyInstance, config: Config): Promise<void> {
  const { files, examples, packages, script } = await agentContents(config);
  const codes = new RateLimiterMemory({ points: CODES_A_SECOND, duration: 1 });
  for (const { name, path } of packages)
    web.get(`/agent/${name}`, async (_request, reply) =>
      reply.type('application/vnd.debian.binary-package').send(createReadStream(path)),
    );
  web.get<{ Params: { code: string } }>('/agent/qr/:code', async ({ params: { code } }, reply) => {
    if (!/^\d{8}$/.test(code)) return reply.code(404).send();
    // Anybody may ask, and it costs a millisecond. An installer goes on without.
    const isBusy = await codes.consume('all').then(
      () => false,
      () => true,
    );
    if (isBusy) return reply.code(429).send();
    return reply.type('text/plain; charset=utf-8').send(await codeAsQr(config.publicUrl, code));
  });
  for (const { url, text } of [
    { url: '/install.sh', text: script },
    ...[...files, ...examples].map(({ name, text }) => ({ url: `/agent/${name}`, text })),
  ]) {
    web.get(url, async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(text),
    );
  }
}
