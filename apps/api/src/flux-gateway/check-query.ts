import {
  KNOWN_NAMES,
  NOW,
  OWN_NAMES,
  OWN_PREFIX,
  PURE_PACKAGES,
  REPLACED_NAMES,
  REPLACED_PACKAGES,
  SETTABLE_OPTION,
} from './allowed.ts';
import { askedRobots } from './asked-robots.ts';
import { daysAsked } from './days-asked.ts';
import { call, id, type Node, property } from './flux-ast.ts';
import { duration, keyOf, kindOf, nameOf, nodesOf, notUnderstood, SIMPLE } from './flux-nodes.ts';
import { boundGrowth } from './growth.ts';
import { mistaken, refuse } from './refusal.ts';
import { Scope } from './scope.ts';
import { Sites, type SitesOfQuery } from './sites.ts';

export interface CheckedQuery extends SitesOfQuery {
  /** The query as a package, in JSON, made of nothing but what was checked. */
  ast: string;
  /** Names that its packages with a stand-in of ours go by. */
  standIns: string[];
}

const OWN_OR_REPLACED = new Set([...REPLACED_NAMES, ...OWN_NAMES]);
/** InfluxDB reads at most 128 levels of JSON. */
const MAX_DEPTH = 120;
const MAX_NODES = 20_000;

/**
 * Checks a query's syntax tree: kinds of nodes, packages, and every name that is not the query's own must be known. The
 * result is a new tree of what was checked, in which reads of robots name the gateway's functions.
 * @param tree a Package as InfluxDB's `/api/v2/query/ast` returns it. @param bucket the only one
 * @throws AppError forbidden, validation_failed
 */
export function checkQuery(tree: unknown, bucket: string): CheckedQuery {
  const { type, files } = (tree ?? {}) as { type?: unknown; files?: unknown };
  if (type !== 'Package' || !Array.isArray(files) || files.length !== 1)
    throw refuse('The query must be one Flux file.');
  const check = new Check(bucket);
  const file = check.file(files[0] as Node);
  boundGrowth(file);
  const ast = JSON.stringify({ type: 'Package', package: 'main', files: [file] });
  return { ast, standIns: check.standIns, ...check.sites.result() };
}

class Check {
  readonly sites = new Sites();
  readonly standIns: string[] = [];
  #bucket: string;
  #nodes = 0;

  constructor(bucket: string) {
    this.#bucket = bucket;
  }

  file({ type, package: clause, imports, body }: Node): Node {
    if (type !== 'File') throw refuse('The query must be one Flux file.');
    if (clause) throw refuse('A query may not have a package clause.');
    const scope = new Scope();
    const kept = nodesOf(imports).flatMap((one) => this.#import(one, scope));
    return { type, package: null, imports: kept, body: nodesOf(body).map((one) => this.#statement(one, scope, 0)) };
  }

  /** @returns the import, or nothing for one with a stand-in */
  #import({ type, as, path }: Node, scope: Scope): Node[] {
    const { type: kind, value } = (path ?? {}) as Node;
    if (type !== 'ImportDeclaration' || kind !== 'StringLiteral' || typeof value !== 'string')
      throw refuse('The query has an import that is not understood.');
    const alias = as ? nameOf(as as Node) : undefined;
    const standIn = REPLACED_PACKAGES.get(value);
    if (standIn !== undefined) {
      if (alias !== undefined && alias !== standIn) throw refuse(`"${value}" may not be imported under another name.`);
      if (!this.standIns.includes(standIn)) this.standIns.push(standIn);
      scope.declareStandIn(standIn);
      return [];
    }
    if (!PURE_PACKAGES.has(value))
      throw refuse(`The package ${JSON.stringify(value.slice(0, 100))} may not be imported.`);
    scope.declare(this.#ownName(alias ?? (value.split('/').at(-1) as string)));
    return [{ type, as: alias === undefined ? null : id(alias), path: { type: kind, value } }];
  }

  #statement(node: Node, scope: Scope, depth: number): Node {
    this.#count(depth);
    const { type } = node;
    if (type === 'ExpressionStatement') return { type, expression: this.#expression(node.expression, scope, depth) };
    if (type === 'ReturnStatement') return { type, argument: this.#expression(node.argument, scope, depth) };
    if (type === 'VariableAssignment') {
      const init = this.#expression(node.init, scope, depth);
      const name = this.#ownName(nameOf(node.id as Node));
      scope.declare(name);
      return { type, id: id(name), init };
    }
    if (type === 'OptionStatement') {
      const assignment = (node.assignment ?? {}) as Node;
      if (assignment.type !== 'VariableAssignment' || nameOf(assignment.id as Node) !== SETTABLE_OPTION)
        throw refuse(`A query may set no option but ${SETTABLE_OPTION}.`);
      const init = this.#expression(assignment.init, scope, depth);
      return { type, assignment: { type: assignment.type, id: id(SETTABLE_OPTION), init } };
    }
    throw refuse(`The query has a statement that is not allowed: ${kindOf(type)}.`);
  }

  #expression(value: unknown, scope: Scope, depth: number): Node {
    this.#count(depth);
    const node = (value ?? {}) as Node;
    const { type } = node;
    const simple = Object.hasOwn(SIMPLE, String(type)) ? SIMPLE[type] : undefined;
    if (simple) return this.#simple(node, simple, scope, depth);
    switch (type) {
      case 'Identifier':
        return this.#reference(node, scope);
      case 'BooleanLiteral':
        return { type, value: node.value === true };
      case 'FloatLiteral':
        if (typeof node.value !== 'number') throw notUnderstood(type);
        return { type, value: node.value };
      case 'DurationLiteral':
        return { type, values: nodesOf(node.values).map(duration) };
      case 'MemberExpression':
        return {
          type,
          object: this.#expression(node.object, scope, depth + 1),
          property: keyOf(node.property as Node),
        };
      case 'ObjectExpression': {
        const base = node.with ? { with: this.#reference(node.with as Node, scope) } : {};
        return { type, ...base, properties: this.#properties(node.properties, scope, depth) };
      }
      case 'DictExpression':
        return { type, elements: nodesOf(node.elements).map((item) => this.#entry(item, scope, depth)) };
      case 'FunctionExpression':
        return this.#function(node, scope, depth);
      case 'PipeExpression':
        return this.#pipe(node, scope, depth);
      case 'CallExpression':
        return this.#call(node, scope, depth);
      default:
        throw refuse(`The query has something that is not allowed: ${kindOf(type)}.`);
    }
  }

  #simple(node: Node, { children = [], lists = [], texts = {} }: (typeof SIMPLE)[string], scope: Scope, depth: number) {
    const clean: Node = { type: node.type };
    for (const [name, form] of Object.entries(texts)) {
      const text = node[name];
      if (typeof text !== 'string' || !form.test(text)) throw notUnderstood(node.type);
      clean[name] = text;
    }
    for (const name of children) clean[name] = this.#expression(node[name], scope, depth + 1);
    for (const name of lists) clean[name] = nodesOf(node[name]).map((one) => this.#expression(one, scope, depth + 2));
    return clean;
  }

  #entry({ key, val }: Node, scope: Scope, depth: number) {
    return { key: this.#expression(key, scope, depth + 2), val: this.#expression(val, scope, depth + 2) };
  }

  /** A name in the place of a value. */
  #reference(node: Node, scope: Scope): Node {
    const name = nameOf(node);
    scope.use(name);
    if (scope.isStandIn(name)) this.sites.useStandIn();
    else if (!scope.has(name)) {
      if (!KNOWN_NAMES.has(name))
        throw refuse(`The query uses ${JSON.stringify(name.slice(0, 100))}, which is not known here.`);
      if (name === 'range') this.sites.useRange();
      if (OWN_OR_REPLACED.has(name)) this.sites.useName(name);
      if (name === 'robotDays') throw mistaken('Call robotDays with a literal start, such as robotDays(start: -30d).');
    }
    return id(name);
  }

  /** A property without a value, as in `{from}`, stands for the variable of that name. */
  #properties(properties: unknown, scope: Scope, depth: number): Node[] {
    return nodesOf(properties).map(({ type, key, value }) => {
      if (type !== 'Property') throw notUnderstood(type);
      const name = keyOf(key as Node);
      const given = value ?? name;
      return property(name, this.#expression(given, scope, depth + 2));
    });
  }

  #function({ type, params, body }: Node, scope: Scope, depth: number): Node {
    const inner = new Scope(scope);
    const checked = nodesOf(params).map(({ type: kind, key, value }) => {
      if (kind !== 'Property') throw notUnderstood(kind);
      const name = this.#ownName(nameOf(key as Node));
      // Defaults are evaluated outside of the function.
      const init = value ? this.#expression(value, scope, depth + 2) : null;
      inner.declare(name);
      return property(id(name), init);
    });
    const { type: kind, body: statements } = (body ?? {}) as Node;
    if (kind !== 'Block') return { type, params: checked, body: this.#expression(body, inner, depth + 1) };
    const block = nodesOf(statements).map((one) => this.#statement(one, inner, depth + 3));
    if (block.some((one) => one.type === 'OptionStatement')) throw refuse('A query may set options at its top only.');
    return { type, params: checked, body: { type: kind, body: block } };
  }

  /** A chain of calls, read from its source on. A read of robots and the filters right behind it belong together. */
  #pipe(node: Node, scope: Scope, depth: number): Node {
    const calls: Node[] = [];
    let source: Node = node;
    for (; source?.type === 'PipeExpression'; source = source.argument as Node) {
      this.#count(depth + calls.length);
      calls.unshift(source.call as Node);
    }
    let argument = this.#expression(source, scope, depth + calls.length);
    const isSource = isCallOf(source, 'from', scope);
    for (const [i, call] of calls.entries()) {
      if (call?.type !== 'CallExpression') throw notUnderstood(call?.type);
      const level = depth + calls.length - i;
      const checked = isCallOf(call, 'range', scope)
        ? this.#range(call, { calls: calls.slice(i + 1), isFirst: i === 0 && isSource, isLate: i > 0 }, scope, level)
        : this.#call(call, scope, level);
      argument = { type: 'PipeExpression', argument, call: checked };
    }
    return argument;
  }

  #range(
    node: Node,
    { calls, isFirst, isLate }: { calls: Node[]; isFirst: boolean; isLate: boolean },
    scope: Scope,
    depth: number,
  ): Node {
    const filters = calls.findIndex((call) => !isCallOf(call, 'filter', scope));
    const asked = askedRobots(filters === -1 ? calls : calls.slice(0, filters));
    const name = isLate ? this.sites.late() : isFirst ? this.sites.read(asked) : undefined;
    if (name === undefined) return this.#call(node, scope, depth);
    return { type: node.type, callee: id(name), arguments: withStop(this.#arguments(node, scope, depth)) };
  }

  #call(node: Node, scope: Scope, depth: number): Node {
    const { type } = node;
    const callee = (node.callee ?? {}) as Node;
    const args = this.#arguments(node, scope, depth);
    if (isCallOf(node, 'robotDays', scope))
      return { type, callee: id(this.sites.days(daysAsked(node))), arguments: [] };
    if (isCallOf(node, 'from', scope) && this.#isOwnBucket(args)) {
      scope.use('from');
      return { type, callee: id('from'), arguments: args };
    }
    const { object, property: key } = callee;
    if (callee.type === 'MemberExpression' && scope.isStandIn(String((object as Node)?.name))) {
      const asked = askedRobots([node], 'predicate');
      if (asked && (object as Node).type === 'Identifier') {
        const reading = { type: callee.type, object: id(this.sites.schema(asked)), property: keyOf(key as Node) };
        return { type, callee: reading, arguments: args };
      }
    }
    return { type, callee: this.#expression(callee, scope, depth + 1), arguments: args };
  }

  /** With `bucket: "…"` alone, Flux's own function does no more than ours. */
  #isOwnBucket([args]: Node[]): boolean {
    const [only, more] = (args?.properties ?? []) as { key: Node; value: Node | null }[];
    const isBucket = only?.key.name === 'bucket' && only.value?.type === 'StringLiteral';
    return isBucket && only.value?.value === this.#bucket && more === undefined && args?.with === undefined;
  }

  #arguments({ arguments: given }: Node, scope: Scope, depth: number): Node[] {
    const args = nodesOf(given ?? []);
    if (args.length > 1 || args.some(({ type }) => type !== 'ObjectExpression')) throw notUnderstood('CallExpression');
    return args.map((one) => this.#expression(one, scope, depth + 2));
  }

  /** A name that the query gives to something of its own. */
  #ownName(name: string): string {
    if (name.startsWith(OWN_PREFIX)) throw refuse(`A name may not begin with ${OWN_PREFIX}.`);
    return name;
  }

  #count(depth: number): void {
    if (depth > MAX_DEPTH) throw mistaken('The query is nested too deeply.');
    if (++this.#nodes > MAX_NODES) throw mistaken('The query has too many parts.');
  }
}

/** The gateway's functions for reads have no default for the end. */
function withStop([args]: Node[]): Node[] {
  const properties = (args?.properties ?? []) as { key: Node }[];
  const hasStop = properties.some(({ key }) => (key.name ?? key.value) === 'stop');
  return args ? [hasStop ? args : { ...args, properties: [...properties, property(id('stop'), call(id(NOW)))] }] : [];
}

/** Whether a node calls this function of ours or of Flux, not one of the query's own. */
function isCallOf(node: Node | undefined, name: string, scope: Scope): boolean {
  const callee = node?.type === 'CallExpression' ? (node.callee as Node | undefined) : undefined;
  return callee?.type === 'Identifier' && callee.name === name && !scope.has(name);
}
