import { createServer, type Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { connectionLimits, quickClose } from '../http/connections.ts';
import { serveAgent } from './agent-files.ts';
import { serveWebApp } from './web-app.ts';

/** What the API answers on this origin, too; the last two are where InfluxDB's clients look whether it is there. */
const OF_API = /^\/((api|oidc)(\/|\?|$)|(ping|health)(\?|$))/;

/** Serves the web app, the agent's files and, on the same origin, the API. */
export async function buildWebServer(
  api: FastifyInstance,
  config: Config,
): Promise<{ server: Server; close(): Promise<void> }> {
  const web = Fastify({ logger: false });
  await serveWebApp(web, config);
  await serveAgent(web, config);
  const { certificateAuthority, listen } = config;
  if (certificateAuthority)
    web.get('/ca.crt', async (_request, reply) =>
      reply.type('application/x-x509-ca-cert').header('cache-control', 'no-cache').send(certificateAuthority.pem),
    );
  await web.ready();
  const server = createServer(connectionLimits(listen.requestTimeout), (request, response) =>
    (OF_API.test(request.url ?? '') ? api : web).routing(request, response),
  );
  const closeServer = quickClose(server);
  return {
    server,
    async close() {
      await closeServer();
      await web.close();
    },
  };
}
