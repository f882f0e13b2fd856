import { Type } from 'typebox';
import type { Database } from '../db/schema.ts';
import { type App, Body, Empty, Nullable, replies, security, Timestamp } from '../http/schemas.ts';
import { Name } from '../http/text.ts';
import { listApiKeys } from './api-key-store.ts';
import { createApiKey, revokeApiKey } from './api-keys.ts';
import { userActor } from './caller.ts';

const tags = ['api-keys'];
const Scope = Type.Union([Type.Literal('read'), Type.Literal('write')], {
  description: 'read: GET only, and never for administration',
});
const KeyParams = Type.Object({ id: Type.String({ format: 'uuid' }) });
const NewKey = Body({
  name: Name,
  scope: Scope,
  expires_at: Type.Optional(Nullable(Type.String({ format: 'date-time', maxLength: 40 }))),
});
const CreatedKey = Type.Object({ id: Type.String(), key: Type.String({ description: 'Shown once' }) });
const Keys = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      scope: Scope,
      created_at: Timestamp,
      expires_at: Nullable(Timestamp),
      last_used_at: Nullable(Timestamp),
    }),
  ),
});

/** The caller's own keys. */
export function apiKeyRoutes(app: App, { db }: { db: Database }): void {
  app.get(
    '/api-keys',
    { schema: { tags, security, response: replies({ 200: Keys }, 'unauthorized') } },
    async ({ caller }) => ({ items: await listApiKeys(db, caller.id) }),
  );

  app.post(
    '/api-keys',
    { schema: { tags, security, body: NewKey, response: replies({ 201: CreatedKey }, 'unauthorized', 'forbidden') } },
    async (request, reply) =>
      reply.code(201).send(await createApiKey(db, userActor(request), request.caller, request.body)),
  );

  app.delete(
    '/api-keys/:id',
    {
      schema: {
        tags,
        security,
        params: KeyParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) => {
      await revokeApiKey(db, userActor(request), request.caller.id, request.params.id);
      return reply.code(204).send(null);
    },
  );
}
