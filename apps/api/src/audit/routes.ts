import { Type } from 'typebox';
import type { Database } from '../db/schema.ts';
import { type App, Cursor, Id, Limit, Nullable, Page, replies, security, Timestamp } from '../http/schemas.ts';
import { Text } from '../http/text.ts';
import { AUDIT_ACTIONS } from './actions.ts';
import { listAudit } from './audit-store.ts';

const Entry = Type.Object({
  id: Type.String(),
  at: Timestamp,
  actor_kind: Type.String(),
  actor_id: Nullable(Type.Integer()),
  actor_name: Nullable(Type.String()),
  action: Type.Unsafe<string>({ type: 'string', enum: [...AUDIT_ACTIONS] }),
  target_kind: Nullable(Type.String()),
  target_id: Nullable(Type.Integer()),
  target_name: Nullable(Type.String()),
  address: Nullable(Type.String()),
  request_id: Nullable(Type.String()),
  details: Type.Record(Type.String(), Type.Unknown()),
});
const Query = Type.Object({
  action: Type.Optional(Text({ maxLength: 100, description: 'an action or a prefix, such as robot.' })),
  actor_id: Type.Optional(Id),
  target_kind: Type.Optional(Text({ maxLength: 20 })),
  target_id: Type.Optional(Id),
  limit: Limit,
  cursor: Cursor,
});

/** Must be registered in the administrators' scope. */
export function auditRoutes(app: App, { db }: { db: Database }): void {
  app.get(
    '/audit',
    {
      schema: {
        tags: ['audit'],
        security,
        querystring: Query,
        response: replies({ 200: Page(Entry) }, 'unauthorized', 'forbidden'),
      },
    },
    async ({ query }) => listAudit(db, { ...query, limit: query.limit ?? 100 }),
  );
}
