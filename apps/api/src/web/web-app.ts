import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const DIST = fileURLToPath(new URL('../../../web/dist', import.meta.url));
const HASHED = '/assets/';
const NOT_BUILT = 'The web app has not been built. Run: npm run web:build\n';

/**
 * Serves the built web app; paths that are not files get its start page. Files with hashed names are cached for ever.
 */
export async function serveWebApp(
  web: FastifyInstance,
  { publicUrl }: { publicUrl: string },
  dist = DIST,
): Promise<void> {
  await web.register(helmet, {
    hsts: publicUrl.startsWith('https:'),
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
    },
  });
  if (!existsSync(join(dist, 'index.html'))) {
    web.setNotFoundHandler((_request, reply) => reply.code(503).type('text/plain').send(NOT_BUILT));
    return;
  }
  await web.register(fastifyStatic, {
    root: dist,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) =>
      reply.header(
        'cache-control',
        path.startsWith(join(dist, HASHED)) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ),
  });
  web.setNotFoundHandler((request, reply) => {
    if (!['GET', 'HEAD'].includes(request.method) || request.url.startsWith(HASHED)) return reply.code(404).send();
    return reply.sendFile('index.html');
  });
}
