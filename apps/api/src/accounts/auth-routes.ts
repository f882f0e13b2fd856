import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../audit/index.ts';
import type { Db } from '../db/schema.ts';
import { addressOf, networkOf } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import { appsCookie } from './apps-cookie.ts';
import * as schemas from './auth-schemas.ts';
import { client, userActor } from './caller.ts';
import { acceptInvitation, readInvitation } from './invitations.ts';
import { findIdToken } from './outside-identity-store.ts';
import type { OutsideProvider } from './outside-provider.ts';
import { changePassword, changeProfile } from './own-account.ts';
import * as passkeys from './passkey-schemas.ts';
import { beginPasskeySignIn, signInWithPasskey } from './passkey-sign-in.ts';
import type { AuthenticationResponseJSON } from './passkeys.ts';
import { sessionOf } from './password-again.ts';
import { checkOrigin, refreshCookie } from './refresh-cookie.ts';
import { requireSecondStep, signInSecondStep } from './second-step.ts';
import { setUp } from './set-up.ts';
import { type AuthDeps, refreshSession, type SignedIn, signIn, startSession } from './sign-in.ts';
import { idTokenKey } from './sign-in-outside.ts';
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

/** No sign-in required. @param more registers further ways to sign in, which answer the same way */
export function publicAuthRoutes(
  app: App,
  deps: AuthDeps & { outside: OutsideProvider | undefined },
  more: (answer: (reply: FastifyReply, signedIn: SignedIn) => unknown) => void,
): void {
  const { db, config, attempts } = deps;
  const cookie = refreshCookie(config);
  const refreshTokenOf = (request: FastifyRequest) => request.cookies[cookie.name];
  const apps = config.oidc.clients.length > 0 ? appsCookie(config) : undefined;
  const answer = (reply: FastifyReply, { refreshToken, sessionId, body }: SignedIn) => {
    const maxAge = config.auth.sessionTtl;
    reply.setCookie(cookie.name, refreshToken, { ...cookie.options, maxAge });
    if (apps) reply.setCookie(apps.name, apps.valueFor(sessionId), { ...apps.options, maxAge });
    return body;
  };
  const idTokenOf = async (refreshToken: string | undefined) =>
    deps.outside && refreshToken ? findIdToken(db, idTokenKey(config), refreshToken) : undefined;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    checkOrigin(request, config.publicUrl);
  });

  more(answer);

  app.post(
    '/auth/login',
    {
      schema: {
        tags,
        body: schemas.Login,
        response: replies(
          { 200: schemas.SignedIn },
          'invalid_credentials',
          'second_factor_required',
          'rate_limited',
          'overloaded',
        ),
      },
    },
    async (request, reply) =>
      answer(
        reply,
        await signIn(deps, requireSecondStep, request.body, refreshTokenOf(request), client(request), request.id),
      ),
  );

  app.post(
    '/auth/login/second-factor',
    {
      schema: {
        tags,
        body: schemas.SecondStep,
        response: replies({ 200: schemas.SignedIn }, 'challenge_invalid', 'code_wrong', 'rate_limited'),
      },
    },
    async (request, reply) =>
      answer(reply, await signInSecondStep(deps, request.body, refreshTokenOf(request), client(request), request.id)),
  );

  app.post(
    '/auth/passkey/options',
    { schema: { tags, response: replies({ 200: passkeys.Options }, 'forbidden', 'rate_limited') } },
    async (request) => ({ options: await beginPasskeySignIn(deps, client(request)) }),
  );

  app.post(
    '/auth/passkey',
    {
      schema: {
        tags,
        body: passkeys.PasskeySignIn,
        response: replies({ 200: schemas.SignedIn }, 'passkey_refused', 'forbidden', 'rate_limited'),
      },
    },
    async (request, reply) => {
      const credential = request.body.credential as AuthenticationResponseJSON;
      const known = refreshTokenOf(request);
      return answer(reply, await signInWithPasskey(deps, credential, known, client(request), request.id));
    },
  );

  app.post(
    '/auth/refresh',
    { schema: { tags, response: replies({ 200: schemas.SignedIn }, 'session_ended') } },
    async (request, reply) =>
      answer(reply, await refreshSession(deps, refreshTokenOf(request), client(request), request.id)),
  );

  app.post(
    '/auth/logout',
    { schema: { tags, response: replies({ 200: schemas.SignedOut, 204: Empty }) } },
    async (request, reply) => {
      const tokens = { refresh: refreshTokenOf(request), access: bearer(request.headers.authorization) };
      const idToken = await idTokenOf(tokens.refresh);
      await signOut(deps, anonymous(request), tokens);
      reply.clearCookie(cookie.name, cookie.options);
      if (apps) reply.clearCookie(apps.name, apps.options);
      // Last: an identity provider that does not answer keeps nobody signed in here.
      const end_session_url =
        idToken && (await deps.outside?.endSessionUrl(idToken, `${config.publicUrl}/sign-in`).catch(() => undefined));
      return end_session_url ? { end_session_url } : reply.code(204).send(null);
    },
  );

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
      return answer(reply, await startSession(deps, userId, client(request), 'link'));
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
        response: replies({ 201: schemas.SignedIn }, 'link_invalid', 'second_factor_required', 'overloaded'),
      },
    },
    async (request, reply) => {
      const userId = await acceptInvitation(db, anonymous(request), request.body);
      await requireSecondStep(db, userId);
      reply.code(201);
      return answer(reply, await startSession(deps, userId, client(request), 'link'));
    },
  );
}

/** For signed-in users. @param signOutOfApps of all applications opened through any session */
export function ownAuthRoutes(
  app: App,
  { db, attempts }: AuthDeps,
  signOutOfApps: (db: Db, userId: number) => Promise<void>,
): void {
  app.get(
    '/auth/me',
    {
      config: { whileEnrolling: true },
      schema: { tags, security, response: replies({ 200: User }, 'unauthorized', 'session_ended') },
    },
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
        response: replies(
          { 204: Empty },
          ...(['invalid_credentials', 'unauthorized', 'forbidden', 'rate_limited', 'overloaded'] as const),
        ),
      },
    },
    async (request, reply) => {
      const session_id = sessionOf(request.caller);
      await attempts.password.spend(session_id);
      await changePassword(
        db,
        userActor(request),
        request.caller,
        request.body.current_password,
        request.body.new_password,
        signOutOfApps,
      );
      await attempts.password.reset(session_id);
      return reply.code(204).send(null);
    },
  );
}
