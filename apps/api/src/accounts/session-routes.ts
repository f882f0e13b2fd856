import { audit } from '../audit/index.ts';
import type { Db } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import * as schemas from './auth-schemas.ts';
import { userActor } from './caller.ts';
import { endSession, endSessionsOf, listSessions } from './session-store.ts';
import type { AuthDeps } from './sign-in.ts';

const tags = ['auth'];

/** The caller's own. @param appsBySession names of the applications that were opened through each */
export function sessionRoutes(
  app: App,
  { db }: Pick<AuthDeps, 'db'>,
  appsBySession: (db: Db, userId: number) => Promise<Map<string, string[]>>,
): void {
  app.get(
    '/auth/sessions',
    { schema: { tags, security, response: replies({ 200: schemas.Sessions }, 'unauthorized') } },
    async ({ caller }) => {
      const [sessions, opened] = await Promise.all([listSessions(db, caller.id), appsBySession(db, caller.id)]);
      const items = sessions.map((session) => ({
        ...session,
        current: session.id === caller.session_id,
        apps: opened.get(session.id) ?? [],
      }));
      return { items };
    },
  );

  app.delete(
    '/auth/sessions',
    {
      schema: {
        tags,
        security,
        description: 'Ends all sessions but the one it is called in.',
        response: replies({ 204: Empty }, 'unauthorized'),
      },
    },
    async (request, reply) => {
      const { id, session_id } = request.caller;
      await db.transaction().execute(async (tx) => {
        const sessions = await endSessionsOf(tx, id, session_id);
        if (sessions === 0) return;
        await audit(tx, userActor(request), { action: 'auth.session_ended', details: { sessions } });
        await publish(tx, { type: 'access_changed', user_id: id });
      });
      return reply.code(204).send(null);
    },
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
