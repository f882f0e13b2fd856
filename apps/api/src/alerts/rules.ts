import { isDeepStrictEqual } from 'node:util';
import { findUser, lockUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import { dropNews } from '../channels/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import type { Viewer } from '../robots/index.ts';
import { endAlertsOfRule, renameAlertsOfRule } from './alert-store.ts';
import { checkTerms } from './check-terms.ts';
import { DEFAULTS, type Rule, type RuleTerms } from './rule.ts';
import { countRules, deleteRule, insertRule, lockRule, updateRule } from './rule-store.ts';
import type { NewRule, RuleChange } from './schemas.ts';

const MAX_RULES = 200;

export const withDefaults = (given: NewRule): RuleTerms => ({ ...DEFAULTS, ...given });

const target = (rule: Rule) => ({ kind: 'alert_rule' as const, id: rule.id, name: rule.name });

/** @throws AppError validation_failed, not_found when it names what is not the viewer's */
export async function createRule(db: Database, actor: Actor, viewer: Viewer, given: NewRule): Promise<Rule> {
  const terms = withDefaults(given);
  return db.transaction().execute(async (tx) => {
    // Concurrent requests must not get past the limit together.
    await lockUser(tx, viewer.id);
    if ((await countRules(tx, viewer.id)) >= MAX_RULES)
      throw new AppError(
        'validation_failed',
        `There are ${MAX_RULES} rules already. Delete those that are not needed.`,
      );
    await checkTerms(tx, viewer, terms);
    const rule = await insertRule(tx, viewer.id, terms);
    await audit(tx, actor, { action: 'alert_rule.created', target: target(rule), details: summary(terms) });
    return rule;
  });
}

/**
 * An open alert ends without a message when its rule asks for something else: it fires anew if that holds. @throws AppError validation_failed,
 * not_found
 */
export async function changeRule(
  db: Database,
  actor: Actor,
  viewer: Viewer,
  id: number,
  change: RuleChange,
): Promise<Rule> {
  return db.transaction().execute(async (tx) => {
    const before = await lockRule(tx, viewer, id);
    if (!before) throw notFound('rule');
    const { id: _id, owner_id, created_at: _at, ...terms } = before;
    const changed: RuleTerms = { ...terms, ...change };
    const owner = await findUser(tx, owner_id);
    if (!owner) throw notFound('rule');
    // What it named already may have been given away since: that must not stand in the way of turning it off.
    const parts = { scope: change.scope ?? { all: true as const }, channels: change.channels ?? [] };
    await checkTerms(tx, owner, { ...parts, condition: changed.condition });
    const rule = await updateRule(tx, id, changed);
    const ended = isDeepStrictEqual(changed.condition, before.condition)
      ? []
      : await endAlertsOfRule(tx, id, 'rule_changed');
    await dropNews(
      tx,
      ended.map(({ alert_id }) => String(alert_id)),
    );
    await renameAlertsOfRule(tx, id, changed.name, changed.severity);
    await audit(tx, actor, { action: 'alert_rule.changed', target: target(rule), details: { ...change } });
    await publish(tx, ...ended.map((alert) => ({ type: 'alert_changed' as const, ...alert })));
    return rule;
  });
}

/** Its open alerts end without a message; what it found stays in the history. @throws AppError not_found */
export async function removeRule(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const rule = await lockRule(tx, viewer, id);
    if (!rule) throw notFound('rule');
    const ended = await endAlertsOfRule(tx, id, 'rule_deleted');
    await dropNews(
      tx,
      ended.map(({ alert_id }) => String(alert_id)),
    );
    await deleteRule(tx, id);
    await audit(tx, actor, { action: 'alert_rule.deleted', target: target(rule), details: summary(rule) });
    await publish(tx, ...ended.map((alert) => ({ type: 'alert_changed' as const, ...alert })));
  });
}

const summary = ({ scope, condition, severity }: RuleTerms) => ({ scope, condition, severity });
