import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { ownAuthRoutes, publicAuthRoutes } from './accounts/auth-routes.ts';
import { anyActor, requireAdmin, requireUser } from './accounts/caller.ts';
import { userRoutes } from './accounts/user-routes.ts';
import { countUsers } from './accounts/user-store.ts';
import { auditRefusal } from './audit/audit-refusals.ts';
import { auditRoutes } from './audit/routes.ts';
import type { Parts } from './composition.ts';
import { demoRoutes } from './demo/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { serverInfoRoutes } from './health/server-info-routes.ts';
import { compression } from './http/compression.ts';
import { connectionLimits, quickClose, serverWithShortcut } from './http/connections.ts';
import { answerUnroutable, registerErrorHandling } from './http/error-handler.ts';
import { collectOpenApi, serveOpenApi } from './http/openapi.ts';
import type { App } from './http/schemas.ts';
import { compileSchema } from './http/validation.ts';
import { reportHandler } from './ingest/report-handler.ts';
import { reportRoutes } from './ingest/routes.ts';
import { eventRoutes } from './live/routes.ts';
import { ownerPairingRoutes, robotPairingRoutes } from './pairing/routes.ts';
import { releaseRobots } from './robots/robot-store.ts';
import { robotRoutes } from './robots/routes.ts';
import { seriesRoutes } from './series/routes.ts';
import { summaryRoutes } from './series/summary-routes.ts';

/** Builds the HTTP API. Routes are protected by the scope they are registered in. */
export async function buildApp(deps: Parts) {
  const { config } = deps;
  const limits = connectionLimits(config.listen.requestTimeout);
  const report = reportHandler(deps);
  const reports = { method: 'POST', path: '/api/metrics', handle: report };
  const app = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    frameworkErrors: answerUnroutable,
    genReqId: () => randomUUID(),
    bodyLimit: 64 * 1024,
    serverFactory: (handler) => serverWithShortcut(limits, reports, handler),
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 800 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileSchema);
  const beginClosing = quickClose(app.server);
  app.addHook('preClose', async () => beginClosing());
  registerErrorHandling(app);
  await collectOpenApi(app);

  const prefix = '/api';
  await app.register(async (robots: App) => reportRoutes(robots, report), { prefix });
  await app.register(
    async (people) => {
      await people.register(helmet, { contentSecurityPolicy: false, hsts: config.publicUrl.startsWith('https:') });
      await people.register(cookie);
      await people.register(compress, compression);
      people.addHook('onError', async (request, _reply, error) => {
        const call = `${request.method} ${request.routeOptions.url ?? ''}`;
        await auditRefusal(deps, anyActor(request), error, call).catch((err) =>
          deps.log.error({ err }, 'could not audit a refusal'),
        );
      });
      await serveOpenApi(people);
      await people.register(async (anyone: App) => {
        healthRoutes(anyone, deps);
        serverInfoRoutes(anyone, { config, hasUsers: async () => (await countUsers(deps.db)) > 0 });
        await anyone.register(async (auth: App) => publicAuthRoutes(auth, deps));
        robotPairingRoutes(anyone, deps);
      });
      await people.register(async (users: App) => {
        requireUser(users, deps.db, deps.keys);
        ownAuthRoutes(users, deps);
        ownerPairingRoutes(users, deps);
        robotRoutes(users, deps);
        seriesRoutes(users, deps);
        summaryRoutes(users, deps);
        eventRoutes(users, deps);
        demoRoutes(users, deps);
        await users.register(async (admins: App) => {
          requireAdmin(admins);
          userRoutes(admins, deps, releaseRobots);
          auditRoutes(admins, deps);
        });
      });
    },
    { prefix },
  );
  return app;
}
