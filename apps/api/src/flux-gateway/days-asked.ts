import type { Node } from './flux-ast.ts';
import { mistaken } from './refusal.ts';

/** Of a call of robotDays: seconds before now, or ms since 1970. */
export type Moment = { ago: number } | { at: number };
export interface DaysAsked {
  start: Moment;
  stop: Moment;
}

const SECONDS: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  mo: 2_629_800,
  y: 31_557_600,
};
const HOW =
  'robotDays takes start and stop as literals: robotDays(start: -30d), robotDays(start: 2026-01-01T00:00:00Z).';

/** Rows are made before the query runs, so the period must be known from its text. @throws AppError validation_failed */
export function daysAsked(call: Node): DaysAsked {
  const [args] = (call.arguments ?? []) as Node[];
  const given: Record<string, Moment> = {};
  for (const { key, value } of (args?.properties ?? []) as { key: Node; value: Node | null }[]) {
    const name = String(key?.name);
    if (name !== 'start' && name !== 'stop') throw mistaken(HOW);
    given[name] = momentOf(value ?? undefined);
  }
  if (!given.start) throw mistaken(HOW);
  return { start: given.start, stop: given.stop ?? { ago: 0 } };
}

/** Of a duration literal; months and years have their mean length. */
export const secondsOf = ({ values }: Node): number =>
  (values as { magnitude: number; unit: string }[]).reduce(
    (sum, { magnitude, unit }) => sum + magnitude * (SECONDS[unit] ?? 0),
    0,
  );

function momentOf(node: Node | undefined): Moment {
  if (node?.type === 'DateTimeLiteral') {
    const at = Date.parse(String(node.value));
    if (Number.isFinite(at)) return { at };
  }
  const isNegative = node?.type === 'UnaryExpression' && node.operator === '-';
  const { type, values, callee } = ((isNegative ? node?.argument : node) ?? {}) as Node;
  if (type === 'DurationLiteral') {
    const seconds = secondsOf({ type, values });
    return { ago: isNegative ? seconds : -seconds };
  }
  if (type === 'CallExpression' && !isNegative && (callee as Node)?.name === 'now') return { ago: 0 };
  throw mistaken(HOW);
}
