import { NOW, OWN_PREFIX } from './allowed.ts';
import { COSTLY, givesNumber, ONLY_ASKS, PER_ROW } from './costly-functions.ts';
import { secondsOf } from './days-asked.ts';
import type { Node } from './flux-ast.ts';
import { nodesOf } from './flux-nodes.ts';
import { Names, NUMBER, sized, sum, type Value } from './growth-value.ts';
import { mistaken, refuse } from './refusal.ts';
import { madeBehind, madeOf, spanBehind } from './rows-behind.ts';

/** Of a row of storage: a text may have 64 KiB, but seldom does. */
const ROW: Value = { size: 4096 };
const MEMBER = 16;
const MAX_STEPS = 50_000;
/** Steps that InfluxDB takes, with those of a function as often as there are elements, or some thousand rows. */
const MAX_WORK = 50_000_000;
const ROWS = 1_000;
const MAX_DEPTH = 300;
/** Arguments of Flux's functions that are functions, which it calls with rows. */
const CALLED = new Set(['fn', 'on', 'as', 'predicate']);
const SOURCES = new Set(['from', 'buckets', 'fleet', 'robotDays']);
const CALL_BY_NAME = 'A function must be called by its name.';

/**
 * Follows a checked query, without its data, and refuses what could become too large or take too many steps. InfluxDB
 * limits the memory of rows, not that of texts, arrays, types and windows: `x + x` assigned twenty times would end it.
 * @param file as made by checkQuery. @throws AppError validation_failed, forbidden
 */
export function boundGrowth({ imports, body }: Node): void {
  const names = new Names();
  for (const { as, path } of nodesOf(imports)) {
    const { value } = path as { value: string };
    names.set(String((as as Node | null)?.name ?? value.split('/').at(-1)), {
      size: 0,
      builtin: value,
      isPackage: true,
    });
  }
  new Growth().statements(nodesOf(body), names);
}

class Growth {
  #steps = 0;
  #work = 0;
  /** Within a function that is called for each row. */
  #isForRow = false;
  #depth = 0;
  /** A function is looked at by itself, without what it will be called with. */
  #isDefinition = false;

  statements(body: Node[], names: Names): Value {
    let last: Value = NUMBER;
    const made: Value[] = [];
    for (const node of body) {
      if (node.type === 'VariableAssignment') {
        const value = this.#value(node.init as Node, names);
        made.push(value);
        names.set((node.id as { name: string }).name, value);
      } else if (node.type === 'OptionStatement') this.#value((node.assignment as Node).init as Node, names);
      else {
        last = this.#value((node.expression ?? node.argument) as Node, names);
        made.push(last);
      }
    }
    sum(made);
    return last;
  }

  /** Something that is not called at once. */
  #value(node: Node, names: Names): Value {
    const value = this.#evaluate(node, names);
    if (value.isPackage) throw refuse('A package is not a value.');
    if (value.builtin !== undefined && COSTLY.has(value.builtin))
      throw mistaken(`${value.builtin} may only be called.`);
    return value;
  }

  #evaluate(node: Node, names: Names): Value {
    if (++this.#steps > MAX_STEPS || this.#depth > MAX_DEPTH)
      throw mistaken('The query calls its own functions too often.');
    this.#works(1);
    this.#depth++;
    const value = this.#of(node, names);
    this.#depth--;
    return value;
  }

  #of(node: Node, names: Names): Value {
    const of = (member: string) => this.#value(node[member] as Node, names);
    const each = (member: string) => nodesOf(node[member]).map((one) => this.#plain(one, names));
    switch (node.type) {
      case 'StringLiteral':
      case 'TextPart':
      case 'RegexpLiteral': {
        const text = String(node.value);
        return { size: MEMBER + text.length, length: text.length, text };
      }
      case 'IntegerLiteral':
      case 'UnsignedIntegerLiteral':
      case 'FloatLiteral':
        return { ...NUMBER, number: Number(node.value) };
      case 'BooleanLiteral':
        return { ...NUMBER, bool: node.value === true };
      case 'DurationLiteral':
        return { ...NUMBER, seconds: secondsOf(node) };
      case 'DateTimeLiteral':
        return { ...NUMBER, at: Date.parse(String(node.value)) };
      case 'PipeLiteral':
        return NUMBER;
      case 'Identifier':
        return names.get(String(node.name)) ?? builtinOf(String(node.name));
      case 'StringExpression':
        return sum(each('parts'));
      case 'InterpolatedPart':
        return of('expression');
      case 'ParenExpression':
        return this.#evaluate(node.expression as Node, names);
      case 'UnaryExpression':
        return negated(of('argument'), String(node.operator));
      case 'BinaryExpression': {
        const [left, right] = [of('left'), of('right')];
        const isNumber = node.operator !== '+' || left.isNumber || right.isNumber;
        return isNumber ? NUMBER : sum([left, right]);
      }
      case 'LogicalExpression':
        of('left');
        of('right');
        return NUMBER;
      case 'ConditionalExpression': {
        of('test');
        const [one, other] = [this.#plain(node.consequent as Node, names), this.#plain(node.alternate as Node, names)];
        return { size: Math.max(one.size, other.size), ...(one.isNumber && other.isNumber && { isNumber: true }) };
      }
      case 'ArrayExpression': {
        const elements = each('elements');
        const { size } = sum(elements.flatMap((one) => [one, { size: MEMBER }]));
        return { size, texts: elements.map(({ text }) => text), made: madeOf(elements) };
      }
      case 'IndexExpression':
        of('index');
        return { size: of('array').size };
      case 'DictExpression':
        return sum(
          nodesOf(node.elements).flatMap((entry) =>
            [entry.key, entry.val].map((one) => this.#plain(one as unknown as Node, names)),
          ),
        );
      case 'ObjectExpression':
        return this.#record(node, names);
      case 'MemberExpression':
        return memberOf(this.#evaluate(node.object as Node, names), keyOf(node.property as Node));
      case 'FunctionExpression':
        return this.#define(node, names);
      case 'PipeExpression':
        return this.#call(node.call as Node, names, of('argument'));
      case 'CallExpression':
        return this.#call(node, names);
      default:
        throw refuse(`The query has something that is not allowed: ${node.type}.`);
    }
  }

  /** What may not be a function: it would not be known any more what is called. */
  #plain(node: Node, names: Names): Value {
    const value = this.#value(node, names);
    if (value.closure || value.builtin !== undefined) throw refuse(CALL_BY_NAME);
    return value;
  }

  #record({ with: base, properties }: Node, names: Names): Value {
    const former = base ? this.#value(base as Node, names) : undefined;
    const isKnown = !base || former?.fields !== undefined;
    const fields = new Map(former?.fields);
    const given = new Map<string, Value>();
    let size = former?.size ?? 0;
    for (const { key, value } of nodesOf(properties)) {
      const one = this.#value(value as Node, names);
      if (!isKnown && (one.closure || one.builtin !== undefined)) throw refuse(CALL_BY_NAME);
      fields.set(keyOf(key as Node), one);
      given.set(keyOf(key as Node), one);
      size += one.size + MEMBER;
    }
    return { ...sized(size), given, ...(isKnown && { fields }) };
  }

  /** Looks at a function once even if nobody calls it: its defaults are computed, and its type alone could become too large. */
  #define(node: Node, names: Names): Value {
    const closure = { node, names };
    if (!this.#isDefinition) {
      for (const { value } of nodesOf(node.params)) if (value) this.#value(value as Node, names);
      this.#isDefinition = true;
      try {
        this.#run(closure, () => ({ size: 1 }));
      } finally {
        this.#isDefinition = false;
      }
    }
    return { size: MEMBER, closure };
  }

  /** @param given an argument, by the parameter's name, or whether it takes what comes through the pipe */
  #run({ node, names }: NonNullable<Value['closure']>, given: (name: string, isPiped: boolean) => Value | undefined) {
    const inner = new Names(names);
    for (const { key, value } of nodesOf(node.params)) {
      const isPiped = (value as Node | null)?.type === 'PipeLiteral';
      const name = keyOf(key as Node);
      const missing = () => (value && !isPiped ? this.#value(value as Node, names) : { size: MEMBER });
      inner.set(name, given(name, isPiped) ?? missing());
    }
    const body = node.body as Node;
    return body.type === 'Block' ? this.statements(nodesOf(body.body), inner) : this.#value(body, inner);
  }

  #call(node: Node, names: Names, piped?: Value): Value {
    const callee = this.#evaluate(node.callee as Node, names);
    const args = new Map<string, Value>();
    for (const { properties, with: base } of nodesOf(node.arguments)) {
      if (base) args.set('', this.#value(base as Node, names));
      for (const { key, value } of nodesOf(properties)) args.set(keyOf(key as Node), this.#value(value as Node, names));
    }
    if (callee.closure) return this.#run(callee.closure, (name, isPiped) => (isPiped && piped) || args.get(name));
    if (callee.builtin === undefined) {
      if (this.#isDefinition) return sum([piped, ...args.values()]);
      throw refuse(CALL_BY_NAME);
    }
    return this.#builtin(callee.builtin, piped ?? args.get('tables'), args);
  }

  #builtin(name: string, piped: Value | undefined, args: Map<string, Value>): Value {
    if (name === 'now' || name === NOW) return { ...NUMBER, at: Date.now() };
    const given = sum([piped, ...[...args.values()].filter(({ closure }) => !closure)]);
    const row = { size: given.size + ROW.size };
    const rows = [...args].flatMap(([argument, { closure }]) => {
      if (!closure) return [];
      if (!CALLED.has(argument)) throw refuse(CALL_BY_NAME);
      const made = this.#repeat(name, given, () =>
        this.#run(closure, (parameter) =>
          name === 'reduce' && parameter === 'accumulator' ? args.get('identity') : row,
        ),
      );
      return ONLY_ASKS.has(name) || argument === 'on' || argument === 'predicate' ? [] : [made];
    });
    this.#works(given.size / MEMBER);
    if (SOURCES.has(name) || name.startsWith(OWN_PREFIX) || name.startsWith('rows of ')) {
      if (this.#isForRow) throw mistaken('A function that is called for each row may not read rows itself.');
      return ROW;
    }
    if (name === 'range') return { ...(piped ?? ROW), ...spanBehind('range', piped, args, []) };
    const rule = this.#isDefinition ? undefined : COSTLY.get(name);
    const made = rule
      ? rule({ name: name.split('/').at(-1) as string, piped, args, rows })
      : givesNumber(name)
        ? NUMBER
        : { ...sum([given, ...rows]), ...spanBehind(name, piped, args, rows) };
    const columns = madeBehind(name, piped, args, rows);
    return columns.size > 0 ? { ...made, made: columns } : made;
  }

  /** What a function of Flux's calls again and again: for each element of a list, or for rows of which nobody knows how many. */
  #repeat(name: string, given: Value, run: () => Value): Value {
    const [before, wasForRow] = [this.#work, this.#isForRow];
    const isList = name.endsWith('array.map') || name.endsWith('array.filter');
    this.#isForRow ||= !isList && PER_ROW.has(name);
    const made = run();
    this.#isForRow = wasForRow;
    this.#works((this.#work - before) * (isList ? given.size / MEMBER : ROWS));
    return made;
  }

  #works(steps: number): void {
    this.#work += steps;
    if (this.#work > MAX_WORK) throw mistaken('The query computes too much. Narrow it.');
  }
}

/** Names that the gateway has put in stand for what it has replaced. */
function builtinOf(name: string): Value {
  if (name === 'true' || name === 'false') return { ...NUMBER, bool: name === 'true' };
  if (name === 'inf') return { ...NUMBER, seconds: Number.POSITIVE_INFINITY };
  if (name.startsWith(`${OWN_PREFIX}range`)) return { size: MEMBER, builtin: 'range' };
  return { size: MEMBER, builtin: name };
}

function memberOf(object: Value, name: string): Value {
  if (object.isPackage) return { size: MEMBER, builtin: `${object.builtin}.${name}` };
  // A package with a stand-in of the gateway's, all of whose functions read rows.
  if (object.builtin !== undefined) return { size: MEMBER, builtin: `rows of ${object.builtin}` };
  return object.fields?.get(name) ?? { size: object.size };
}

const keyOf = (node: Node) => String(node.name ?? node.value);

function negated({ number, seconds }: Value, operator: string): Value {
  if (operator !== '-') return NUMBER;
  return {
    ...NUMBER,
    ...(number !== undefined && { number: -number }),
    ...(seconds !== undefined && { seconds: -seconds }),
  };
}
