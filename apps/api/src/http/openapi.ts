import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { version } from '../config/version.ts';
import { Problem } from './schemas.ts';

const DESCRIPTION = `Self-hosted monitoring for a fleet of robots.

Users sign in with \`POST /api/auth/login\` and send \`Authorization: Bearer <access_token>\`; robots send the personal token they received when paired.
Errors are \`application/problem+json\` (RFC 9457); switch on \`code\`. Lists are \`{items, next_cursor}\`.`;

/** Collects the schemas of all routes registered after it. */
export async function collectOpenApi(app: FastifyInstance): Promise<void> {
  app.addSchema(Problem);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Robowatch', version, description: DESCRIPTION, license: { name: 'Apache-2.0' } },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
}

/** Serves openapi.json and pages to browse it. */
export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } as never }, async () => app.swagger());
}
