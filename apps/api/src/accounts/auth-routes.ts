import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Actor, audit } from '../audit/index.ts';
import { notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { addressOf, networkOf } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import * as schemas from './auth-schemas.ts';
import { client, userActor } from './caller.ts';
import { acceptInvitation, readInvitation } from './invitations.ts';
import { changePassword, changeProfile } from './own-account.ts';
import { checkOrigin, refreshCookie } from './refresh-cookie.ts';
import { endSession, listSessions } from './session-store.ts';
import { setUp } from './set-up.ts';
import { type AuthDeps, refreshSession, type SignedIn, signIn, startSession } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { User } from './user-schemas.ts';

const tags = ['auth'];
const anonymous = (request: FastifyRequest): Actor => ({
  kind: 'user',
  id: null,
  name: null,
  address: addressOf(request),
  requestId: request.id,
});

/** No sign-in required. */
export function publicAuthRoutes(app: App, deps: AuthDeps): void {
  const { db, config, attempts } = deps;
  const cookie = refreshCookie(config);
  const refreshTokenOf = (request: FastifyRequest) => request.cookies[cookie.name];
  const answer = (reply: FastifyReply, { refreshToken, body }: SignedIn) => {
    reply.setCookie(cookie.name, refreshToken, { ...cookie.options, maxAge: config.auth.sessionTtl });
    return body;
  };
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    checkOrigin(request, config.publicUrl);
  });

  app.post(
    '/auth/login',
    {
      schema: {
        tags,
        body: schemas.Login,
        response: replies({ 200: schemas.SignedIn }, 'invalid_credentials', 'rate_limited', 'overloaded'),
      },
    },
    async (request, reply) =>
      answer(reply, await signIn(deps, request.body, refreshTokenOf(request), client(request), request.id)),
  );

  app.post(
    '/auth/refresh',
    { schema: { tags, response: replies({ 200: schemas.SignedIn }, 'session_ended') } },
    async (request, reply) =>
      answer(reply, await refreshSession(deps, refreshTokenOf(request), client(request), request.id)),
  );

  app.post('/auth/logout', { schema: { tags, response: replies({ 204: Empty }) } }, async (request, reply) => {
    const tokens = { refresh: refreshTokenOf(request), access: bearer(request.headers.authorization) };
    await signOut(deps, anonymous(request), tokens);
    return reply.clearCookie(cookie.name, cookie.options).code(204).send(null);
  });

  app.post(
    '/auth/setup',
    {
      schema: {
        tags,
        body: schemas.Setup,
        response: replies({ 201: schemas.SignedIn }, 'link_invalid', 'rate_limited', 'overloaded'),
      },
    },
    async (request, reply) => {
      await attempts.address.spend(networkOf(addressOf(request)));
      const userId = await setUp(db, anonymous(request), request.body);
      reply.code(201);
      return answer(reply, await startSession(deps, userId, client(request)));
    },
  );

  app.post(
    '/auth/invitation',
    { schema: { tags, body: schemas.InvitationToken, response: replies({ 200: schemas.Invitation }, 'link_invalid') } },
    async ({ body }) => readInvitation(db, body.token),
  );

  app.post(
    '/auth/invitation/accept',
    {
      schema: {
        tags,
        body: schemas.Acceptance,
        response: replies({ 201: schemas.SignedIn }, 'link_invalid', 'overloaded'),
      },
    },
    async (request, reply) => {
      const userId = await acceptInvitation(db, anonymous(request), request.body);
      reply.code(201);
      return answer(reply, await startSession(deps, userId, client(request)));
    },
  );
}

/** For signed-in users. */
export function ownAuthRoutes(app: App, { db, attempts }: AuthDeps): void {
  app.get(
    '/auth/me',
    { schema: { tags, security, response: replies({ 200: User }, 'unauthorized', 'session_ended') } },
    async ({ caller }) => caller,
  );

  app.patch(
    '/auth/me',
    {
      schema: {
        tags,
        security,
        body: schemas.ProfileChange,
        response: replies({ 200: User }, 'unauthorized', 'session_ended'),
      },
    },
    async (request) => changeProfile(db, userActor(request), request.caller.id, request.body),
  );

  app.post(
    '/auth/password',
    {
      schema: {
        tags,
        security,
        body: schemas.PasswordChange,
        response: replies({ 204: Empty }, 'invalid_credentials', 'unauthorized', 'rate_limited', 'overloaded'),
      },
    },
    async (request, reply) => {
      await attempts.password.spend(request.caller.session_id);
      await changePassword(
        db,
        userActor(request),
        request.caller,
        request.body.current_password,
        request.body.new_password,
      );
      await attempts.password.reset(request.caller.session_id);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/auth/sessions',
    { schema: { tags, security, response: replies({ 200: schemas.Sessions }, 'unauthorized') } },
    async ({ caller }) => ({
      items: (await listSessions(db, caller.id)).map((session) => ({
        ...session,
        current: session.id === caller.session_id,
      })),
    }),
  );

  app.delete(
    '/auth/sessions/:id',
    {
      schema: {
        tags,
        security,
        params: schemas.SessionParams,
        response: replies({ 204: Empty }, 'unauthorized', 'not_found'),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await db.transaction().execute(async (tx) => {
        if (!(await endSession(tx, request.caller.id, id))) throw notFound('session');
        await audit(tx, userActor(request), { action: 'auth.session_ended', details: { session_id: id } });
        await publish(tx, { type: 'access_changed', user_id: request.caller.id });
      });
      return reply.code(204).send(null);
    },
  );
}
