import { NOW, OWN_PREFIX } from './allowed.ts';
import {
  ago,
  assign,
  bound,
  call,
  equal,
  fn,
  id,
  list,
  member,
  type Node,
  PIPED,
  pipe,
  record,
  str,
} from './flux-ast.ts';

type Params = Record<string, Node | null>;
interface Explored {
  params: Params;
  predicate: Node;
  /** Calls behind the rows that were read. */
  calls: Node[];
}

const anyRow = fn({ r: null }, id('true'));
const ofMeasurement = fn({ r: null }, equal(member(id('r'), '_measurement'), id('measurement')));
const byPredicate = { predicate: anyRow };
const [GIVEN, TAG] = [id('predicate'), id('tag')];

const values = (params: Params, predicate: Node, tag: Node): Explored => ({
  params,
  predicate,
  calls: [call(id('k'), { columns: list(tag) }), call(id('p')), call(id('d'), { column: tag })],
});
const keys = (params: Params, predicate: Node): Explored => ({
  params,
  predicate,
  calls: [call(id('y')), call(id('k'), { columns: list(str('_value')) }), call(id('d'))],
});

/** As in flux, stdlib/influxdata/influxdb/schema/schema.flux. */
const FUNCTIONS: Record<string, Explored> = {
  tagValues: values({ tag: null, ...byPredicate }, GIVEN, TAG),
  measurementTagValues: values({ measurement: null, tag: null }, ofMeasurement, TAG),
  fieldKeys: values(byPredicate, GIVEN, str('_field')),
  measurementFieldKeys: values({ measurement: null }, ofMeasurement, str('_field')),
  measurements: values({}, anyRow, str('_measurement')),
  tagKeys: keys(byPredicate, GIVEN),
  measurementTagKeys: keys({ measurement: null }, ofMeasurement),
};

const NEEDED = { g: 'filter', k: 'keep', p: 'group', d: 'distinct', y: 'keys' };
const builtIn = Object.fromEntries(Object.entries(NEEDED).map(([short, name]) => [short, id(name)]));

/**
 * `influxdata/influxdb/schema` under this name, on the prelude's `from` and this `range`. Each function has one inside,
 * with the built-in functions bound and without defaults, whose types would else be fixed as well.
 */
export function schemaFunctions(name: string, range: Node): Node[] {
  const prefix = name.startsWith(OWN_PREFIX) ? name : `${OWN_PREFIX}${name}`;
  const inner = Object.entries(FUNCTIONS).map(([of, { params, predicate, calls }]) => {
    const plain = Object.fromEntries(
      Object.keys({ bucket: null, ...params, start: null, stop: null }).map((one) => [one, null]),
    );
    const rows = [call(id('r'), { start: id('start'), stop: id('stop') }), call(id('g'), { fn: predicate })];
    const body = pipe(call(id('f'), { bucket: id('bucket') }), ...rows, ...calls);
    return assign(`${prefix}_${of}`, bound({ f: id('from'), r: range, ...builtIn }, fn(plain, body)));
  });
  const outer = Object.entries(FUNCTIONS).map(([of, { params }]) => {
    const all = { bucket: null, ...params, start: ago(30, 'd'), stop: call(id(NOW)) };
    const given = Object.fromEntries(Object.keys(all).map((one) => [one, id(one)]));
    return [of, fn(all, call(id(`${prefix}_${of}`), given))];
  });
  return [...inner, assign(name, record({ ...Object.fromEntries(outer), fieldsAsCols }))];
}

const pivoted = { rowKey: list(str('_time')), columnKey: list(str('_field')), valueColumn: str('_value') };
const fieldsAsCols = bound({ p: id('pivot') }, fn({ tables: PIPED }, pipe(id('tables'), call(id('p'), pivoted))));
