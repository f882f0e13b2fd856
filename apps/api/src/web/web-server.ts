import { createServer, type Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { quickClose } from '../http/connections.ts';
import { serveWebApp } from './web-app.ts';

/** The web app's files, for any path that is not a file its start page; and `/api` of the same origin beside them. */
export async function buildWebServer(
  api: FastifyInstance,
  { certificateAuthority }: Config,
): Promise<{ server: Server; close(): Promise<void> }> {
  const web = Fastify({ logger: false });
  await serveWebApp(web);
  if (certificateAuthority)
    web.get('/ca.crt', async (_request, reply) =>
      reply.type('application/x-x509-ca-cert').header('cache-control', 'no-cache').send(certificateAuthority.pem),
    );
  await web.ready();
  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 30_000 }, (request, response) =>
    (/^\/api(\/|\?|$)/.test(request.url ?? '') ? api : web).routing(request, response),
  );
  const beginClosing = quickClose(server);
  return {
    server,
    async close() {
      beginClosing();
      if (server.listening) await new Promise<void>((closed) => server.close(() => closed()));
      await web.close();
    },
  };
}
