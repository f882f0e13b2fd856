/**
 * Flux's syntax tree as InfluxDB reads and writes it in JSON (flux, ast/json.go), and builders for trees of our own.
 * Building them directly costs no parsing, and no value can become code.
 */
export interface Node {
  type: string;
  [member: string]: unknown;
}

export const id = (name: string): Node => ({ type: 'Identifier', name });
export const str = (value: string): Node => ({ type: 'StringLiteral', value });
export const regex = (value: string): Node => ({ type: 'RegexpLiteral', value });
export const list = (...elements: Node[]): Node => ({ type: 'ArrayExpression', elements });
export const member = (object: Node, name: string): Node => ({
  type: 'MemberExpression',
  object,
  property: str(name),
});
export const equal = (left: Node, right: Node, operator = '=='): Node => ({
  type: 'BinaryExpression',
  operator,
  left,
  right,
});
const logical = (operator: string, left: Node, right: Node): Node => ({
  type: 'LogicalExpression',
  operator,
  left,
  right,
});
export const or = (...parts: Node[]) => parts.reduce((left, right) => logical('or', left, right));
export const and = (...parts: Node[]) => parts.reduce((left, right) => logical('and', left, right));
export const not = (argument: Node): Node => ({ type: 'UnaryExpression', operator: 'not', argument });
export const exists = (argument: Node): Node => ({ type: 'UnaryExpression', operator: 'exists', argument });
export const choose = (test: Node, consequent: Node, alternate: Node): Node => ({
  type: 'ConditionalExpression',
  test,
  consequent,
  alternate,
});
/** A duration before now. */
export const ago = (magnitude: number, unit: string): Node => ({
  type: 'UnaryExpression',
  operator: '-',
  argument: { type: 'DurationLiteral', values: [{ magnitude, unit }] },
});

type Members = Record<string, Node | null>;
export const property = (key: Node, value: Node | null): Node => ({ type: 'Property', key, value });
const properties = (members: Members) => Object.entries(members).map(([name, value]) => property(id(name), value));
export const record = (members: Members): Node => ({
  type: 'ObjectExpression',
  properties: properties(members),
});
export const call = (callee: Node, args: Members = {}): Node => ({
  type: 'CallExpression',
  callee,
  arguments: Object.keys(args).length > 0 ? [record(args)] : [],
});
/** @param params with default values, or null where there is none */
export const fn = (params: Members, body: Node): Node => ({
  type: 'FunctionExpression',
  params: properties(params),
  body,
});
export const PIPED: Node = { type: 'PipeLiteral' };
export const pipe = (source: Node, ...calls: Node[]): Node =>
  calls.reduce<Node>((argument, call) => ({ type: 'PipeExpression', argument, call }), source);
export const assign = (name: string, init: Node): Node => ({ type: 'VariableAssignment', id: id(name), init });

export const file = (imports: string[], body: Node[]): Node => ({
  type: 'File',
  package: null,
  imports: imports.map((path) => ({ type: 'ImportDeclaration', as: null, path: str(path) })),
  body,
});

/** Binds built-in functions to parameters while the prelude is being read. */
export const bound = (functions: Record<string, Node>, body: Node): Node =>
  call(
    {
      type: 'ParenExpression',
      expression: fn(Object.fromEntries(Object.keys(functions).map((name) => [name, null])), body),
    },
    functions,
  );
