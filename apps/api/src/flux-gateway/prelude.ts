import { NOW, OWN_PREFIX } from './allowed.ts';
import type { CheckedQuery } from './check-query.ts';
import { csvOf, type Rows } from './csv-rows.ts';
import {
  and,
  assign,
  bound,
  call,
  choose,
  equal,
  exists,
  file,
  fn,
  id,
  member,
  type Node,
  not,
  or,
  PIPED,
  pipe,
  regex,
  str,
} from './flux-ast.ts';
import { matching, matchingOthers } from './robots-pattern.ts';
import { schemaFunctions } from './schema-stand-in.ts';
import { askedByAll } from './sites.ts';

/** The caller's robots. Everybody's, for an administrator. */
export type Readable = 'all' | { ids: number[] /** Of all robots, more than these exist. */; others: number };

export interface PreludeParts {
  bucket: string;
  readable: Readable;
  /** Rows of fleet() and, by name, of each call of robotDays(). */
  fleet?: Rows;
  days: Map<string, Rows>;
}

/** Up to here, comparisons cost InfluxDB no more than a pattern. */
const MAX_COMPARED = 8;
/** No robot has it. The empty text would stand for points without a robot. */
const NOBODY = 'nobody';

/**
 * The file that InfluxDB puts before the query (`extern`). Its names hide the built-in functions of the same name, and
 * the query cannot assign them. Each takes the built-in functions that it needs as arguments at once, because names that
 * it only mentioned would be looked up when it is called, among the query's own. Only what the query refers to is there:
 * each name costs time, and a query with other names has been refused.
 */
export function preludeOf(query: CheckedQuery, { bucket, readable, fleet, days }: PreludeParts): Node {
  const { reads, schemas, late, names, needsAll, standIns } = query;
  const of = (robots?: number[]) => (row: Node) => isReadable(row, readable, robots);
  const limited = (name: string, robots?: number[]) =>
    assign(name, readable === 'all' ? id('range') : rangeThen(of(robots)(id('r'))));
  const schema = (name: string, robots?: number[]) => {
    const range = `${name.startsWith(OWN_PREFIX) ? '' : OWN_PREFIX}${name}_range`;
    return [limited(range, robots), ...schemaFunctions(name, id(range))];
  };
  const whole = `${OWN_PREFIX}range_whole`;
  const hasRange = needsAll.range && readable !== 'all';
  return file(fleet || days.size > 0 ? ['csv'] : [], [
    assign(NOW, id('now')),
    ...(names.includes('from') || schemas.length + standIns.length > 0 ? [assign('from', ownBucket(bucket))] : []),
    ...reads.map(({ name, robots }) => limited(name, robots)),
    ...(late ? lateRange(late, readable, of(askedByAll(query))) : []),
    ...schemas.flatMap(({ name, robots }) => schema(name, robots)),
    ...standIns.flatMap((name) => schema(name, needsAll.standIn ? undefined : [])),
    ...(hasRange ? [limited(whole), assign('range', rangeWithDefault(whole))] : []),
    ...(names.includes('buckets') ? [assign('buckets', oneBucket(bucket))] : []),
    ...(fleet ? [assign('fleet', rowsOf(fleet))] : []),
    ...[...days].map(([name, rows]) => assign(name, rowsOf(rows))),
  ]);
}

const ownBucket = (bucket: string) =>
  bound(
    { f: id('from'), d: id('die') },
    fn(
      { bucket: null },
      call(id('f'), {
        bucket: choose(
          equal(id('bucket'), str(bucket)),
          id('bucket'),
          call(id('d'), { msg: str(`The only bucket here is ${bucket}.`) }),
        ),
      }),
    ),
  );

const oneBucket = (bucket: string) =>
  bound(
    { f: id('buckets'), g: id('filter') },
    fn({}, pipe(call(id('f')), call(id('g'), { fn: fn({ r: null }, equal(member(id('r'), 'name'), str(bucket))) }))),
  );

const period = { start: id('start'), stop: id('stop') };

/** A range that keeps some rows only. It has no defaults: what is passed as an argument has one type, and so would they. */
function rangeThen(condition: Node): Node {
  const kept = fn({ r: null }, condition);
  const ranged = pipe(id('tables'), call(id('f'), period), call(id('g'), { fn: kept }));
  return bound({ f: id('range'), g: id('filter') }, fn({ start: null, stop: null, tables: PIPED }, ranged));
}

/** `range` as callers know it. */
const rangeWithDefault = (inner: string) =>
  fn({ start: null, stop: call(id(NOW)), tables: PIPED }, pipe(id('tables'), call(id(inner), period)));

/** Also keeps rows that are nobody's because the query made them: storage's have a measurement and a field. */
function lateRange(name: string, readable: Readable, condition: (row: Node) => Node): Node[] {
  if (readable === 'all') return [assign(name, id('range'))];
  const [measurement, field] = ['_measurement', '_field'].map((column) => exists(member(id('r'), column)));
  const isStored = { type: 'ParenExpression', expression: and(measurement as Node, field as Node) };
  return [assign(name, rangeThen(or(condition(id('r')), not(isStored))))];
}

/** Condition on a row for the caller's robots, or for those of them that are in `robots`. */
function isReadable(row: Node, readable: Readable, robots?: number[]): Node {
  if (readable === 'all') return id('true');
  const ids = robots ? intersection(readable.ids, robots) : readable.ids;
  const robot = member(row, 'robot_id');
  if (ids.length === 0) return equal(robot, str(NOBODY));
  if (ids.length <= MAX_COMPARED) return or(...ids.map((one) => equal(robot, str(String(one)))));
  if (robots === undefined && readable.others < ids.length) return equal(robot, regex(matchingOthers(ids)), '!~');
  return equal(robot, regex(matching(ids)), '=~');
}

function intersection(ids: number[], robots: number[]): number[] {
  const asked = new Set(robots);
  return ids.filter((one) => asked.has(one));
}

const rowsOf = (rows: Rows) =>
  bound({ f: member(id('csv'), 'from') }, fn({}, call(id('f'), { csv: str(csvOf(rows)) })));
