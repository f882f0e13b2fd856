import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { networkOf } from '../http/address.ts';
import type { FailureLog } from '../http/failure-log.ts';
import { asAppError } from '../http/problem.ts';
import { type App, Empty, Nullable, replies, security, Timestamp } from '../http/schemas.ts';
import { PasswordAgain } from './auth-schemas.ts';
import { client, userActor } from './caller.ts';
import { type OutsideProblem, OutsideRefusal } from './outside-account.ts';
import { endSessionsFromOutside, identityOf, unlinkIdentities } from './outside-identity-store.ts';
import type { OutsideProvider } from './outside-provider.ts';
import { sessionOf, withPassword } from './password-again.ts';
import { cookieName, refreshCookie } from './refresh-cookie.ts';
import type { AuthDeps, SignedIn } from './sign-in.ts';
import { beginOutside, finishOutside, noProvider, type OutsideDeps, pathOf } from './sign-in-outside.ts';

type Deps = AuthDeps & { outside: OutsideProvider | undefined };
const tags = ['auth'];
const COOKIE_AGE = 300;

const withProvider = (deps: Deps): OutsideDeps => {
  const { outside } = deps;
  if (!outside) throw noProvider();
  return { ...deps, outside };
};

/** Lax, because the browser comes back from another site. */
const outsideCookie = (config: Config) => ({
  name: cookieName(config, 'outside'),
  options: {
    ...{ path: '/api/auth/outside', httpOnly: true, sameSite: 'lax' as const },
    secure: config.publicUrl.startsWith('https:'),
  },
});

/** Pages that browsers are led through; no sign-in required. @param setCookies of a session that has begun */
export function outsideSignInRoutes(
  app: App,
  deps: Deps & { failures: FailureLog },
  setCookies: (reply: FastifyReply, signedIn: SignedIn) => unknown,
): void {
  const { config, attempts, failures } = deps;
  const cookie = outsideCookie(config);
  const tell = (reply: FastifyReply, problem: OutsideProblem) =>
    reply.redirect(`${config.publicUrl}/sign-in?problem=${problem}`, 303);
  const problemOf = (error: unknown, request: FastifyRequest): OutsideProblem => {
    if (error instanceof OutsideRefusal) return error.problem;
    if (error instanceof AppError && error.code === 'rate_limited') return 'busy';
    // Whatever the identity provider answered wrongly is for the administrator to see.
    request.log.warn({ err: error }, 'a sign-in through the identity provider failed');
    failures.note(error, asAppError(error), request.id);
    return 'failed';
  };

  app.get('/auth/outside/start', { schema: { hide: true } }, async (request, reply) => {
    const given = withProvider(deps);
    try {
      await attempts.starts.spend(networkOf(client(request).address));
      const next = pathOf((request.query as { next?: string }).next);
      const known = request.cookies[refreshCookie(config).name];
      const { url, browser } = await beginOutside(given, next, known);
      return reply.setCookie(cookie.name, browser, { ...cookie.options, maxAge: COOKIE_AGE }).redirect(url, 303);
    } catch (error) {
      return tell(reply, problemOf(error, request));
    }
  });

  app.get('/auth/outside/callback', { schema: { hide: true } }, async (request, reply) => {
    const given = withProvider(deps);
    const query = request.url.split('?')[1] ?? '';
    reply.clearCookie(cookie.name, cookie.options);
    try {
      const browser = request.cookies[cookie.name];
      const { next, signedIn } = await finishOutside(given, query, browser, client(request), request.id);
      if (!signedIn) return reply.redirect(`${config.publicUrl}${next}`, 303);
      setCookies(reply, signedIn);
      // The page renews the session with its cookie, and goes on from there.
      return reply.redirect(`${config.publicUrl}/sign-in?next=${encodeURIComponent(next)}`, 303);
    } catch (error) {
      return tell(reply, problemOf(error, request));
    }
  });
}

const Linked = Type.Object({
  label: Type.String(),
  identity: Nullable(
    Type.Object({ email: Nullable(Type.String()), created_at: Timestamp, last_used_at: Nullable(Timestamp) }),
  ),
});

/** The caller's identity elsewhere. */
export function outsideIdentityRoutes(app: App, deps: Deps): void {
  const { db } = deps;
  const cookie = outsideCookie(deps.config);

  app.get(
    '/auth/outside',
    { schema: { tags, security, response: replies({ 200: Linked }, 'unauthorized', 'not_found') } },
    async ({ caller }) => ({
      label: withProvider(deps).outside.settings.label,
      identity: (await identityOf(db, caller.id)) ?? null,
    }),
  );

  app.post(
    '/auth/outside/link',
    {
      schema: {
        tags,
        security,
        body: PasswordAgain,
        response: replies(
          { 200: Type.Object({ url: Type.String({ description: 'where the browser goes on' }) }) },
          ...(['unauthorized', 'invalid_credentials', 'forbidden', 'not_found', 'rate_limited'] as const),
        ),
      },
    },
    async (request, reply) => {
      const given = withProvider(deps);
      const { caller, body } = request;
      const linking = { userId: caller.id, sessionId: sessionOf(caller) };
      const begin = () => beginOutside(given, '/profile', undefined, linking);
      const { url, browser } = await withPassword(deps, userActor(request), caller, body.current_password, begin);
      reply.setCookie(cookie.name, browser, { ...cookie.options, maxAge: COOKIE_AGE });
      return { url };
    },
  );

  app.post(
    '/auth/outside/unlink',
    {
      schema: {
        tags,
        security,
        body: PasswordAgain,
        response: replies(
          { 204: Empty },
          ...(['unauthorized', 'invalid_credentials', 'forbidden', 'not_found', 'rate_limited'] as const),
        ),
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const actor = userActor(request);
      const sessionId = sessionOf(caller);
      // The password it takes is also what signs this person in from now on.
      await withPassword(deps, actor, caller, body.current_password, () =>
        db.transaction().execute(async (tx) => {
          if (!(await unlinkIdentities(tx, caller.id))) throw notFound('identity');
          await endSessionsFromOutside(tx, caller.id, sessionId);
          const target = { kind: 'user' as const, id: caller.id, name: caller.email };
          await audit(tx, actor, { action: 'user.identity_unlinked', target });
          await publish(tx, { type: 'access_changed', user_id: caller.id });
        }),
      );
      return reply.code(204).send(null);
    },
  );
}
