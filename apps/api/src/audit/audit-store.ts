import { sql } from 'kysely';
import { decodeCursor, MAX, page, wholeKey } from '../db/pagination.ts';
import type { Db } from '../db/schema.ts';
import type { AuditAction } from './actions.ts';

/** Who performs an action; passed to every use case that changes something. */
export interface Actor {
  kind: 'user' | 'robot' | 'system';
  id: number | null;
  name: string | null;
  address: string | null;
  requestId: string | null;
}

export const SYSTEM: Actor = { kind: 'system', id: null, name: null, address: null, requestId: null };

export interface AuditEntry {
  action: AuditAction;
  target?: {
    kind: 'user' | 'robot' | 'session' | 'alert_rule' | 'alert_silence';
    id: number | null;
    name: string | null;
  };
  details?: Record<string, unknown>;
}

/** Adds an entry in the same transaction as the change it records. */
export async function audit(db: Db, actor: Actor, { action, target, details }: AuditEntry): Promise<void> {
  await db
    .insertInto('audit_log')
    .values({
      actor_kind: actor.kind,
      actor_id: actor.id,
      actor_name: actor.name,
      address: actor.address,
      request_id: actor.requestId,
      action,
      target_kind: target?.kind ?? null,
      target_id: target?.id ?? null,
      target_name: target?.name ?? null,
      details: JSON.stringify(details ?? {}),
    })
    .execute();
}

/** From where sign-ins to these accounts have failed lately. */
export async function failedSignIns(db: Db, userIds: number[], seconds: number) {
  if (userIds.length === 0) return [];
  return db
    .selectFrom('audit_log')
    .select(['actor_id as user_id', 'address'])
    .distinct()
    .where('action', '=', sql.lit('auth.login_failed'))
    .where('at', '>', sql<Date>`now() - make_interval(secs => ${seconds})`)
    .where('actor_id', 'in', userIds)
    .where('address', 'is not', null)
    .$narrowType<{ user_id: number; address: string }>()
    .execute();
}

export interface AuditFilter {
  action?: string;
  actor_id?: number;
  target_kind?: string;
  target_id?: number;
  limit: number;
  cursor?: string;
}

/** Newest first. */
export async function listAudit(db: Db, filter: AuditFilter) {
  const cursor = decodeCursor(filter.cursor);
  let query = db
    .selectFrom('audit_log')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.action) query = query.where('action', 'like', `${filter.action.replace(/[\\%_]/g, '\\$&')}%`);
  if (filter.actor_id) query = query.where('actor_id', '=', filter.actor_id);
  if (filter.target_kind) query = query.where('target_kind', '=', filter.target_kind);
  if (filter.target_id) query = query.where('target_id', '=', filter.target_id);
  if (cursor) query = query.where('id', '<', wholeKey(cursor[0], MAX.bigint));
  return page(await query.execute(), filter.limit, (row) => row.id);
}
