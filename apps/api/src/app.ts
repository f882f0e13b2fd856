import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { apiKeyRoutes } from './accounts/api-key-routes.ts';
import { ownAuthRoutes, publicAuthRoutes } from './accounts/auth-routes.ts';
import { anyActor, requireAdmin, requireUser } from './accounts/caller.ts';
import { factorRoutes } from './accounts/factor-routes.ts';
import { outsideIdentityRoutes, outsideSignInRoutes } from './accounts/outside-routes.ts';
import { passkeyRoutes } from './accounts/passkey-routes.ts';
import { sessionRoutes } from './accounts/session-routes.ts';
import { userRoutes } from './accounts/user-routes.ts';
import { countUsers } from './accounts/user-store.ts';
import { alertRoutes } from './alerts/alert-routes.ts';
import { ruleRoutes } from './alerts/rule-routes.ts';
import { auditRefusal } from './audit/audit-refusals.ts';
import { auditRoutes } from './audit/routes.ts';
import { channelRoutes } from './channels/routes.ts';
import type { Parts } from './composition.ts';
import { demoRoutes } from './demo/routes.ts';
import { gatewayRoutes } from './flux-gateway/routes.ts';
import { influxProbeRoutes } from './health/influx-probe-routes.ts';
import { healthRoutes } from './health/routes.ts';
import { serverInfoRoutes } from './health/server-info-routes.ts';
import { compression } from './http/compression.ts';
import { connectionLimits, quickClose, serverWithShortcut } from './http/connections.ts';
import { answerUnroutable, registerErrorHandling } from './http/error-handler.ts';
import { FailureLog } from './http/failure-log.ts';
import { NOT_A_PAGE } from './http/not-a-page.ts';
import { collectOpenApi, serveOpenApi } from './http/openapi.ts';
import type { App } from './http/schemas.ts';
import { compileSchema } from './http/validation.ts';
import { INFLUX_PATH } from './ingest/influx-client.ts';
import { reportHandler } from './ingest/report-handler.ts';
import { reportRoutes } from './ingest/routes.ts';
import { eventRoutes } from './live/routes.ts';
import { appsBySession, deleteGrantsOf } from './oidc/grant-store.ts';
import { ownerPairingRoutes, robotPairingRoutes } from './pairing/routes.ts';
import { releaseRobots } from './robots/robot-store.ts';
import { robotRoutes } from './robots/routes.ts';
import { seriesRoutes } from './series/routes.ts';
import { summaryRoutes } from './series/summary-routes.ts';

/** Builds the HTTP API. Routes are protected by the scope they are registered in. */
export async function buildApp(deps: Parts) {
  const { config } = deps;
  const limits = connectionLimits(config.listen.requestTimeout);
  const failures = new FailureLog(deps.log);
  const report = reportHandler({ ...deps, failures });
  const reports = { method: 'POST', paths: ['/api/metrics', INFLUX_PATH], handle: report };
  const app = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    frameworkErrors: answerUnroutable,
    genReqId: () => randomUUID(),
    bodyLimit: 64 * 1024,
    serverFactory: (handler) => serverWithShortcut(limits, reports, handler),
    forceCloseConnections: 'idle',
    // While closing, requests on open connections are answered as ever; what they need closes after them.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 800 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileSchema);
  const closeServer = quickClose(app.server);
  let closed: Promise<void> | undefined;
  // Streams end in hooks of their own: this one must not wait for them.
  app.addHook('preClose', async () => {
    closed = closeServer();
  });
  app.addHook('onClose', () => closed);
  registerErrorHandling(app, failures);
  await collectOpenApi(app);

  const prefix = '/api';
  await app.register(async (robots: App) => reportRoutes(robots, report), { prefix });
  await app.register(async (clients: App) => influxProbeRoutes(clients));
  await app.register(
    async (people) => {
      await people.register(helmet, { contentSecurityPolicy: false, hsts: config.publicUrl.startsWith('https:') });
      await people.register(cookie);
      await people.register(compress, compression);
      people.addHook('onRequest', async (_request, reply) => void reply.headers(NOT_A_PAGE));
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
        await anyone.register(async (auth: App) =>
          publicAuthRoutes(auth, deps, (answer) => outsideSignInRoutes(auth, { ...deps, failures }, answer)),
        );
        robotPairingRoutes(anyone, deps);
      });
      await people.register(async (users: App) => {
        requireUser(users, deps.db, deps.keys);
        apiKeyRoutes(users, deps);
        ownAuthRoutes(users, deps, deleteGrantsOf);
        sessionRoutes(users, deps, appsBySession);
        factorRoutes(users, deps);
        passkeyRoutes(users, deps);
        outsideIdentityRoutes(users, deps);
        ownerPairingRoutes(users, deps);
        robotRoutes(users, deps);
        seriesRoutes(users, deps);
        summaryRoutes(users, deps);
        eventRoutes(users, deps);
        channelRoutes(users, deps);
        demoRoutes(users, deps);
        ruleRoutes(users, deps);
        alertRoutes(users, deps);
        await users.register(async (admins: App) => {
          requireAdmin(admins);
          userRoutes(admins, deps, releaseRobots);
          auditRoutes(admins, deps);
        });
      });
    },
    { prefix },
  );
  // The library behind it is loaded only where it is used.
  if (config.oidc.clients.length > 0) {
    const { openIdRoutes } = await import('./oidc/routes.ts');
    await app.register(
      async (openId) => {
        await openId.register(cookie);
        await openIdRoutes(openId, { ...deps, failures });
      },
      { prefix: '/oidc' },
    );
  }
  const { gateway } = deps;
  if (gateway)
    await app.register(
      async (grafana: App) => {
        grafana.addHook('onRequest', async (_request, reply) => void reply.headers(NOT_A_PAGE));
        gatewayRoutes(grafana, { ...deps, ...gateway, failures });
      },
      { prefix: '/grafana' },
    );
  return app;
}
