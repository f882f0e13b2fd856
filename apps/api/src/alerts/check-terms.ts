import { type Condition, ownChannelIds } from '../channels/index.ts';
import type { Db } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { type Viewer, visibleIds } from '../robots/index.ts';
import type { RuleTerms } from './rule.ts';
import type { Scope } from './schemas.ts';

const invalid = (detail: string) => new AppError('validation_failed', detail);

/**
 * What the schema cannot say. @param owner of the rule: robots and channels must be theirs
 * @throws AppError validation_failed, not_found
 */
export async function checkTerms(db: Db, owner: Viewer, rule: Pick<RuleTerms, 'scope' | 'condition' | 'channels'>) {
  checkScope(rule.scope);
  checkCondition(rule.condition);
  const { robots } = rule.scope;
  if (robots && (await visibleIds(db, owner, robots)).length < robots.length) throw notFound('robot');
  const { channels } = rule;
  if (channels.length > 0 && (await ownChannelIds(db, owner.id, channels)).length < channels.length)
    throw notFound('channel');
}

function checkScope(scope: Scope): void {
  if (Object.keys(scope).length !== 1) throw invalid('scope must have exactly one of robots, labels and all.');
}

/** @throws AppError validation_failed */
function checkCondition(condition: Condition): void {
  if (condition.kind === 'log' && condition.level !== undefined && !/^[^,\s]+(,[^,\s]+)*$/.test(condition.level))
    throw invalid('condition.level must be levels with commas between them: err,crit.');
  if (condition.kind !== 'threshold') return;
  const { fn, op, value, clear_value } = condition;
  if (op === 'changed') {
    if (fn !== 'last') throw invalid('condition.op "changed" works with fn "last" only.');
    if (value !== undefined || clear_value !== undefined)
      throw invalid('condition.op "changed" takes neither value nor clear_value.');
    return;
  }
  if (value === undefined) throw invalid('condition.value is needed to compare with.');
  if (typeof value !== 'number' && (fn !== 'last' || (op !== '==' && op !== '!=')))
    throw invalid('A text or boolean in condition.value works with fn "last" and op "==" or "!=" only.');
  if (clear_value === undefined) return;
  if (typeof value !== 'number' || op === '==' || op === '!=')
    throw invalid('condition.clear_value works with >, >=, < and <= only.');
  if (op.startsWith('>') ? clear_value > value : clear_value < value)
    throw invalid('condition.clear_value must be on the side of value where all is well.');
}
