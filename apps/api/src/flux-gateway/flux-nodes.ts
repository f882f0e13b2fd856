import { id, type Node } from './flux-ast.ts';
import { mistaken, refuse } from './refusal.ts';

/* What a node of InfluxDB's syntax trees may hold. Each function returns a copy of what it has checked. */

/** Expressions whose members are expressions and texts only. */
export const SIMPLE: Record<string, { children?: string[]; lists?: string[]; texts?: Record<string, RegExp> }> = {
  StringLiteral: { texts: { value: /^/ } },
  TextPart: { texts: { value: /^/ } },
  RegexpLiteral: { texts: { value: /^/ } },
  IntegerLiteral: { texts: { value: /^\d+$/ } },
  UnsignedIntegerLiteral: { texts: { value: /^\d+$/ } },
  DateTimeLiteral: { texts: { value: /^\d{4}-\d\d-\d\d[\dT:.Z+-]*$/ } },
  PipeLiteral: {},
  StringExpression: { lists: ['parts'] },
  InterpolatedPart: { children: ['expression'] },
  ParenExpression: { children: ['expression'] },
  UnaryExpression: { children: ['argument'], texts: { operator: /^(-|\+|not|exists)$/ } },
  BinaryExpression: {
    children: ['left', 'right'],
    texts: { operator: /^(==|!=|<|<=|>|>=|=~|!~|\+|-|\*|\/|%|\^)$/ },
  },
  LogicalExpression: {
    children: ['left', 'right'],
    texts: { operator: /^(and|or)$/ },
  },
  ConditionalExpression: { children: ['test', 'consequent', 'alternate'] },
  ArrayExpression: { lists: ['elements'] },
  IndexExpression: { children: ['array', 'index'] },
};

const UNITS = /^(y|mo|w|d|h|m|s|ms|us|µs|ns)$/;

/** The name of a variable. @throws AppError forbidden */
export function nameOf(node: Node | null | undefined): string {
  if (node?.type !== 'Identifier' || typeof node.name !== 'string' || node.name === '') throw notUnderstood(node?.type);
  return node.name;
}

/** The name of a member: it refers to nothing by itself. */
export function keyOf(node: Node | null | undefined): Node {
  if (node?.type === 'StringLiteral' && typeof node.value === 'string') return { type: node.type, value: node.value };
  return id(nameOf(node));
}

/** One part of a duration literal. @throws AppError forbidden, validation_failed */
export function duration(value: Node) {
  const { magnitude, unit } = value as unknown as { magnitude: unknown; unit: unknown };
  if (typeof unit !== 'string' || !UNITS.test(unit)) throw notUnderstood('DurationLiteral');
  if (!Number.isSafeInteger(magnitude)) throw mistaken('A duration has too large a number. Use a larger unit.');
  return { magnitude, unit };
}

/** A list that may be missing. @throws AppError forbidden */
export function nodesOf(value: unknown): Node[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'object' || one === null))
    throw notUnderstood('list');
  return value;
}

export const kindOf = (type: unknown) => String(type).slice(0, 40);
export const notUnderstood = (type: unknown) => refuse(`The query has a part that is not understood: ${kindOf(type)}.`);
