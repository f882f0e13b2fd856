import { decodeCursor, MAX, page, wholeKey } from '../db/pagination.ts';
import type { Db } from '../db/schema.ts';
import type { Viewer } from '../robots/index.ts';
import type { Rule, RuleTerms } from './rule.ts';

const COLUMNS = [
  'id',
  'owner_id',
  'name',
  'enabled',
  'scope',
  'condition',
  'for_s',
  'resolve_for_s',
  'severity',
  'channels',
  'remind_after_s',
  'created_at',
] as const;

const asRow = ({ scope, condition, ...rest }: RuleTerms) => ({
  ...rest,
  scope: JSON.stringify(scope),
  condition: JSON.stringify(condition),
});

/** Users see their own rules, administrators all. */
function visibleRules(db: Db, viewer: Viewer) {
  const query = db.selectFrom('alert_rules').select(COLUMNS);
  return viewer.role === 'admin' ? query : query.where('owner_id', '=', viewer.id);
}

export async function listRules(db: Db, viewer: Viewer, { limit, cursor }: { limit: number; cursor?: string }) {
  let query = visibleRules(db, viewer)
    .orderBy('id')
    .limit(limit + 1);
  const keys = decodeCursor(cursor);
  if (keys) query = query.where('id', '>', Number(wholeKey(keys[0], MAX.integer)));
  return page((await query.execute()) as unknown as Rule[], limit, (row) => row.id);
}

/** @returns undefined when the viewer may not see it */
export async function findRule(db: Db, viewer: Viewer, id: number): Promise<Rule | undefined> {
  return (await visibleRules(db, viewer).where('id', '=', id).executeTakeFirst()) as Rule | undefined;
}

/** Locks the rule for a change. @returns undefined when the viewer may not see it */
export async function lockRule(db: Db, viewer: Viewer, id: number): Promise<Rule | undefined> {
  return (await visibleRules(db, viewer).where('id', '=', id).forUpdate().executeTakeFirst()) as Rule | undefined;
}

export async function countRules(db: Db, ownerId: number): Promise<number> {
  const { count } = await db
    .selectFrom('alert_rules')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('owner_id', '=', ownerId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertRule(db: Db, ownerId: number, rule: RuleTerms): Promise<Rule> {
  const row = { ...asRow(rule), owner_id: ownerId, unknown_from: null, unknown_until: null };
  return (await db
    .insertInto('alert_rules')
    .values(row)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()) as unknown as Rule;
}

/** What is known of the former terms no longer counts: the version tells an evaluation that is under way. */
export async function updateRule(db: Db, id: number, rule: RuleTerms): Promise<Rule> {
  return (await db
    .updateTable('alert_rules')
    .set((eb) => ({ ...asRow(rule), version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()) as unknown as Rule;
}

export async function deleteRule(db: Db, id: number): Promise<void> {
  await db.deleteFrom('alert_rules').where('id', '=', id).execute();
}

export interface WatchedRule extends Rule {
  version: number;
  owner_role: 'user' | 'admin';
  unknown_from: Date | null;
  unknown_until: Date | null;
}

/** The enabled rules of active people, with what their owners may see. */
export async function listWatched(db: Db): Promise<WatchedRule[]> {
  return (await db
    .selectFrom('alert_rules')
    .innerJoin('users', 'users.id', 'alert_rules.owner_id')
    .select(COLUMNS.map((name) => `alert_rules.${name}` as const))
    .select(['alert_rules.version', 'users.role as owner_role', 'unknown_from', 'unknown_until'])
    .where('users.is_active', '=', true)
    .where('enabled', '=', true)
    .orderBy('alert_rules.id')
    .execute()) as unknown as WatchedRule[];
}
