import type { Node } from './flux-ast.ts';

/** More are not worth looking for. */
const MAX_ASKED = 1000;
const ID = /^[1-9]\d{0,9}$/;
const MAX_ID = 2_147_483_647;

/**
 * The robots that filters ask for, if one of them compares `robot_id` with constants. Only ever used to read fewer of the
 * caller's robots, so nothing depends on its being right but the rows the caller misses.
 * @param calls `filter(fn: (r) => …)`, or another function with its predicate in `argument`
 * @returns sorted ids; undefined when there is no such comparison
 */
export function askedRobots(calls: Node[], argument = 'fn'): number[] | undefined {
  const sets = calls.map((call) => askedBy(call, argument)).filter((set) => set !== undefined);
  const [first, ...others] = sets.sort((a, b) => a.size - b.size);
  if (!first || first.size > MAX_ASKED) return undefined;
  const shared = [...first].filter((id) => others.every((set) => set.has(id)));
  return shared
    .filter((id) => ID.test(id) && Number(id) <= MAX_ID)
    .map(Number)
    .sort((a, b) => a - b);
}

function askedBy(call: Node, argument: string): Set<string> | undefined {
  const [args] = (call.arguments ?? []) as Node[];
  const properties = (args?.properties ?? []) as { key: Node; value: Node | null }[];
  // With onEmpty, tables that are not read would be missing.
  if (properties.some(({ key }) => key?.name === 'onEmpty')) return undefined;
  const { type, params, body } = properties.find(({ key }) => key?.name === argument)?.value ?? ({} as Node);
  const [param, more] = (params ?? []) as { key: Node }[];
  if (type !== 'FunctionExpression' || !param || more) return undefined;
  return comparedWith(body as Node, String(param.key?.name));
}

/** @param row name of the parameter that stands for a row */
function comparedWith(node: Node | undefined, row: string): Set<string> | undefined {
  const { type, operator } = (node ?? {}) as Node;
  if (type === 'ParenExpression') return comparedWith(node?.expression as Node, row);
  if (type === 'LogicalExpression') {
    const [left, right] = [node?.left, node?.right].map((side) => comparedWith(side as Node, row));
    if (operator === 'or') return left && right ? left.union(right) : undefined;
    return left && right ? left.intersection(right) : (left ?? right);
  }
  if (type !== 'BinaryExpression' || !isRobotId(node?.left as Node, row)) return undefined;
  const { type: kind, value } = (node?.right ?? {}) as Node;
  if (operator === '==' && kind === 'StringLiteral') return new Set([String(value)]);
  if (operator === '=~' && kind === 'RegexpLiteral') return alternatives(String(value));
  return undefined;
}

function isRobotId(node: Node | undefined, row: string): boolean {
  const { object, property } = (node ?? {}) as { object?: Node; property?: Node };
  return (
    node?.type === 'MemberExpression' && object?.name === row && (property?.name ?? property?.value) === 'robot_id'
  );
}

/** Of `^7$` and `^(7|12)$`, as Grafana writes selected values. */
function alternatives(pattern: string): Set<string> | undefined {
  const [, one, several] = /^\^(?:(\d+)|\((\d+(?:\|\d+)*)\))\$$/.exec(pattern) ?? [];
  const ids = one ?? several;
  return ids === undefined ? undefined : new Set(ids.split('|'));
}
