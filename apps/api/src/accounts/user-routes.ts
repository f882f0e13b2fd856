import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { type App, Empty, IdParams, Page, replies, security } from '../http/schemas.ts';
import { changeUser, createUser, inviteAgain, type ReleaseOwned, removeUser } from './administer-users.ts';
import { userActor } from './caller.ts';
import { withLocks } from './locked-sign-ins.ts';
import { sessionOf } from './password-again.ts';
import { resetFactors } from './second-factor.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import { Account, AccountWithLock, Invited, NewUser, UserChange, UserQuery } from './user-schemas.ts';
import { findUser, listUsers } from './user-store.ts';

const tags = ['users'];

/** Must be registered in the administrators' scope. */
export function userRoutes(
  app: App,
  { db, config, attempts }: { db: Database; config: Config; attempts: SignInAttempts },
  releaseOwned: ReleaseOwned,
): void {
  app.get(
    '/users',
    {
      schema: {
        tags,
        security,
        querystring: UserQuery,
        response: replies({ 200: Page(AccountWithLock) }, 'unauthorized', 'forbidden'),
      },
    },
    async ({ query }) => {
      const { items, next_cursor } = await listUsers(db, { ...query, limit: query.limit ?? 100 });
      return { items: await withLocks(db, attempts, items), next_cursor };
    },
  );

  app.post(
    '/users',
    {
      schema: {
        tags,
        security,
        body: NewUser,
        response: replies({ 201: Invited }, 'unauthorized', 'forbidden', 'email_taken', 'overloaded'),
      },
    },
    async (request, reply) => reply.code(201).send(await createUser(db, config, userActor(request), request.body)),
  );

  app.get(
    '/users/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 200: AccountWithLock }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async ({ params }) => {
      const user = await findUser(db, params.id);
      const [found] = await withLocks(db, attempts, user ? [user] : []);
      if (!found) throw notFound('user');
      return found;
    },
  );

  app.patch(
    '/users/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        body: UserChange,
        response: replies({ 200: Account }, 'unauthorized', 'forbidden', 'not_found', 'last_admin'),
      },
    },
    async (request) => changeUser(db, userActor(request), request.params.id, request.body),
  );

  app.delete(
    '/users/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found', 'last_admin'),
      },
    },
    async (request, reply) => {
      await removeUser(db, releaseOwned, userActor(request), request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/users/:id/second-factor',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) => {
      sessionOf(request.caller);
      if (request.params.id === request.caller.id)
        throw new AppError('forbidden', 'Remove your own second factor on your profile, with your password.');
      await resetFactors(db, userActor(request), request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/users/:id/invitation',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 201: Invited }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) =>
      reply.code(201).send(await inviteAgain(db, config, userActor(request), request.params.id)),
  );
}
