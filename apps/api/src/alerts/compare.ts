import type { Condition } from '../channels/index.ts';
import type { Observation } from './decide.ts';

type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Value = number | string | boolean;

const COMPARE: Record<Exclude<Threshold['op'], 'changed'>, (a: Value, b: Value) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/**
 * Judges a robot by the worst of its series. Values of another type than the one to compare with do not count.
 * @param values of its series. @param changed with `changed`, of the same series: whether they have
 */
export function compare(condition: Threshold, values: Value[], changed: boolean[] = []): Observation {
  const { op, value: limit, clear_value } = condition;
  if (op === 'changed') {
    if (changed.length === 0) return { kind: 'quiet' };
    const holds = changed.includes(true);
    return { kind: 'seen', holds, isClear: !holds, value: values[0] ?? null };
  }
  const fit = values.filter((one) => typeof one === typeof limit && !Number.isNaN(one));
  if (fit.length === 0 || limit === undefined) return { kind: 'quiet' };
  const worst = worstOf(op, fit, limit);
  const holds = COMPARE[op](worst, limit);
  return { kind: 'seen', holds, isClear: !holds && !COMPARE[op](worst, clear_value ?? limit), value: worst };
}

function worstOf(op: keyof typeof COMPARE, values: Value[], limit: Value): Value {
  if (op === '==' || op === '!=') return values.find((one) => COMPARE[op](one, limit)) ?? (values[0] as Value);
  return values.reduce((worst, one) => (op.startsWith('>') === one > worst ? one : worst));
}
