import { Type } from 'typebox';
import { userActor } from '../accounts/index.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { type App, Empty, IdParams, replies, security } from '../http/schemas.ts';
import { acknowledge } from './acknowledge.ts';
import { findAlert, listAlerts } from './alert-store.ts';
import { Alert, AlertParams, AlertQuery, Alerts, NewSilence, Silence } from './schemas.ts';
import { listAdmins, listAllSilences, listSilences } from './silence-store.ts';
import { silencer } from './silenced.ts';
import { createSilence, removeSilence, shown } from './silences.ts';

const tags = ['alerts'];
const Silences = Type.Object({ items: Type.Array(Silence) });

type Row = NonNullable<Awaited<ReturnType<typeof findAlert>>>;

/** For signed-in users: alerts of their own rules, about robots that they may see; for administrators, all. */
export function alertRoutes(app: App, { db }: { db: Database }): void {
  async function withSilences(rows: Row[]) {
    const isSilenced = silencer(await listAllSilences(db), await listAdmins(db), Date.now());
    return rows.map((row) => ({ ...row, id: Number(row.id), silenced: row.state !== 'resolved' && isSilenced(row) }));
  }

  app.get(
    '/alerts',
    {
      schema: {
        tags,
        security,
        description: 'Newest first, with those that have ended.',
        querystring: AlertQuery,
        response: replies({ 200: Alerts }, 'unauthorized'),
      },
    },
    async ({ caller, query }) => {
      const { items, next_cursor } = await listAlerts(db, caller, query);
      return { items: await withSilences(items), next_cursor };
    },
  );

  app.post(
    '/alerts/:id/acknowledge',
    {
      schema: {
        tags,
        security,
        params: AlertParams,
        response: replies({ 200: Alert }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request) => {
      const { caller, params } = request;
      await acknowledge(db, userActor(request), caller, params.id);
      const alert = await findAlert(db, caller, params.id);
      if (!alert) throw notFound('alert');
      return (await withSilences([alert]))[0];
    },
  );

  app.get(
    '/silences',
    { schema: { tags, security, response: replies({ 200: Silences }, 'unauthorized') } },
    async ({ caller }) => ({ items: (await listSilences(db, caller)).map(shown) }),
  );

  app.post(
    '/silences',
    {
      schema: {
        tags,
        security,
        description: 'Holds back messages of alerts that match all that is given. Needs until, weekly, or both.',
        body: NewSilence,
        response: replies({ 201: Silence }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) =>
      reply.code(201).send(shown(await createSilence(db, userActor(request), request.caller, request.body))),
  );

  app.delete(
    '/silences/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) => {
      await removeSilence(db, userActor(request), request.caller, request.params.id);
      return reply.code(204).send(null);
    },
  );
}
