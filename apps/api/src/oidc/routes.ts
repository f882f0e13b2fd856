import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type Provider from 'oidc-provider';
import type { Logger } from 'pino';
import { appsCookie, findBrowserSession } from '../accounts/index.ts';
import type { AuditSampler } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { addressOf, networkOf } from '../http/address.ts';
import type { Attempts } from '../http/attempts.ts';
import type { FailureLog } from '../http/failure-log.ts';
import { asAppError } from '../http/problem.ts';
import { type BrowserSession, rememberBrowser } from './browser.ts';
import { isClient } from './client-secret.ts';
import { contentSecurity } from './content-security.ts';
import { dressRequest } from './dress-request.ts';
import { finishSignIn } from './finish-sign-in.ts';
import { issuerOf } from './make-provider.ts';
import { noteRefusals } from './note-refusals.ts';
import { problemPage } from './pages.ts';
import { Providers } from './providers.ts';
import { signOutHere } from './sign-out-here.ts';

export interface OpenIdDeps {
  db: Database;
  config: Config;
  log: Logger;
  failures: FailureLog;
  auditSampler: AuditSampler;
  /** `starts`: of sign-ins, by browsers without a session. `secrets`: wrong ones of clients. */
  openIdAttempts: Record<'starts' | 'secrets', Attempts>;
}

const MAX_BODY_BYTES = 56 * 1024;

/** The OpenID provider for the clients of the configuration. Must be registered under /oidc, outside of the API's scopes. */
export async function openIdRoutes(app: FastifyInstance, deps: OpenIdDeps): Promise<void> {
  const { db, config, openIdAttempts } = deps;
  const noteRefusal = noteRefusals(deps);
  const providers = new Providers(deps, (provider) => {
    provider.use(withoutCors);
    provider.use(signOutHere(db, config));
    noteRefusal(provider);
  });
  const cookie = appsCookie(config);
  const { hostname, protocol } = new URL(config.publicUrl);

  await app.register(helmet, {
    hsts: protocol === 'https:',
    contentSecurityPolicy: contentSecurity(config.oidc.clients),
  });
  // The library reads bodies itself.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, request, reply) => answerError(deps, error, request, reply));
  app.setNotFoundHandler(() => {
    throw notFound('URL');
  });

  app.addHook('onRequest', async (request, reply) => {
    // On the raw response, because the library writes its answers itself.
    reply.raw.setHeader('cache-control', 'no-store');
    if (Number(request.headers['content-length'] ?? 0) <= MAX_BODY_BYTES) return;
    reply.header('connection', 'close');
    throw new AppError('payload_too_large', 'The body is too large.');
  });

  const sessionIn = async (request: FastifyRequest): Promise<BrowserSession | undefined> => {
    const sessionId = cookie.read(request.cookies[cookie.name]);
    const found = sessionId ? await findBrowserSession(db, sessionId) : undefined;
    return found && { id: found.id, userId: found.user_id, email: found.email, createdAt: found.created_at };
  };
  /** Everything the library needs to know of a request. */
  const prepare = async (request: FastifyRequest) => {
    const session = await sessionIn(request);
    const actor = { kind: 'user' as const, id: null, name: null, address: addressOf(request), requestId: request.id };
    rememberBrowser(request.raw, { session, actor });
    return { provider: await providers.current(), session, raw: dressRequest(request.raw, config.publicUrl) };
  };
  const provide: RouteHandlerMethod = async (request, reply) => {
    const { provider, raw } = await prepare(request);
    reply.hijack();
    await provider.callback()(raw, reply.raw);
  };

  // What apps call themselves, by whatever name they reach this server.
  app.get('/jwks', provide);
  app.route({ method: ['GET', 'POST'], url: '/me', handler: provide });
  app.post('/token', {
    preHandler: async (request) => {
      const network = networkOf(addressOf(request));
      await openIdAttempts.secrets.spend(network);
      if (isClient(config.oidc.clients, request.headers.authorization)) await openIdAttempts.secrets.refund(network);
    },
    handler: provide,
  });

  // What browsers open, where people know this server.
  await app.register(async (people) => {
    people.addHook('onRequest', async (request) => {
      if (request.hostname.toLowerCase() !== hostname) throw notFound('URL');
    });
    people.get('/.well-known/openid-configuration', provide);
    people.get('/auth', {
      preHandler: async (request) => {
        if (!(await sessionIn(request))) await openIdAttempts.starts.spend(networkOf(addressOf(request)));
      },
      handler: provide,
    });
    people.get('/auth/:uid', provide);
    people.get('/interaction/:uid', async (request, reply) => {
      const { provider, session, raw } = await prepare(request);
      const { pathname } = new URL(issuerOf(config));
      const signInPage = (uid: string) => `${config.publicUrl}/sign-in?next=${pathname}/interaction/${uid}`;
      return reply.redirect(await finishSignIn(provider, raw, reply.raw, session, signInPage), 303);
    });
    people.get('/session/end', provide);
    people.get('/session/end/success', provide);
    people.post('/session/end/confirm', provide);
  });
}

/** The library lets pages of all origins read keys and discovery; ours have no need of it. */
const withoutCors: Parameters<Provider['use']>[0] = async (ctx, next) => {
  await next();
  for (const name of Object.keys(ctx.response.headers)) if (name.startsWith('access-control-')) ctx.remove(name);
};

/** People get a page, programs what the API answers with. */
function answerError(
  { config, failures }: Pick<OpenIdDeps, 'config' | 'failures'>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (!/\btext\/html\b/.test(request.headers.accept ?? '')) throw error;
  const known = asAppError(error);
  failures.note(error, known, request.id);
  const refused = known.status < 500 ? 'refused' : 'failed';
  const text = ({ rate_limited: 'busy', link_invalid: 'expired' } as const)[known.code as string] ?? refused;
  const { retryAfter } = known.extras;
  if (retryAfter) reply.header('retry-after', retryAfter);
  const page = problemPage(config, request.headers['accept-language'], text);
  return reply.code(known.status).type('text/html; charset=utf-8').send(page);
}
