import { spanBetween, type Value } from './growth-value.ts';

/** Functions behind which each row still has its `_start` and `_stop`. */
const KEEP = new Set([
  ...[
    'filter',
    'group',
    'keep',
    'drop',
    'sort',
    'limit',
    'tail',
    'fill',
    'toFloat',
    'toInt',
    'toUInt',
    'toBool',
    'toString',
  ],
  ...[
    'difference',
    'derivative',
    'increase',
    'cumulativeSum',
    'distinct',
    'unique',
    'first',
    'last',
    'mean',
    'min',
    'max',
  ],
  ...['sum', 'count', 'median', 'quantile', 'spread', 'stddev', 'skew', 'mode', 'yield', 'elapsed'],
]);
const BOUNDS = ['_start', '_stop'];

/**
 * How long the period is that rows say they are of: windows without rows are made for all of it, and a query may write
 * another `_start` into them. Unknown when it cannot be told from the query's text.
 */
export function spanBehind(
  name: string,
  piped: Value | undefined,
  args: Map<string, Value>,
  rows: Value[],
): { span?: number } {
  const span = spanOf(name, piped, args, rows);
  return span === undefined ? {} : { span };
}

function spanOf(name: string, piped: Value | undefined, args: Map<string, Value>, [row]: Value[]): number | undefined {
  if (name === 'range') return spanBetween(args.get('start'), args.get('stop') ?? { size: 0, at: Date.now() });
  if (KEEP.has(name)) return piped?.span;
  if (name === 'map') {
    const { given, fields } = row ?? {};
    if (BOUNDS.some((bound) => given?.has(bound))) return spanBetween(given?.get('_start'), given?.get('_stop'));
    return given && !fields ? piped?.span : undefined;
  }
  const isOther = (text: string | undefined) => text !== undefined && !BOUNDS.includes(text);
  if (name === 'rename') {
    const { fields } = args.get('columns') ?? {};
    const all = fields && [...fields].every(([from, { text }]) => isOther(from) && isOther(text));
    return all ? piped?.span : undefined;
  }
  if (name === 'set') return isOther(args.get('key')?.text) ? piped?.span : undefined;
  if (name === 'duplicate') return isOther(args.get('as')?.text) ? piped?.span : undefined;
  return undefined;
}

/** Stands for columns whose names are not known. */
export const ANY = '';
/** Arguments by which functions name the columns that they write. */
const NAMING = [
  ...['as', 'timeDst', 'valueDst', 'key', 'columnName', 'startColumn', 'stopColumn', 'timeColumn', 'upperBoundColumn'],
  ...['countColumn', 'durationColumn', 'timestampColumn'],
];
/** Functions that write the column which they call so. */
const WRITES_COLUMN = new Set(['stateCount', 'stateDuration']);

/** The columns whose values the query has, or may have, written. */
export function madeBehind(
  name: string,
  piped: Value | undefined,
  args: Map<string, Value>,
  rows: Value[],
): ReadonlySet<string> {
  const given = [...args.values()].filter(({ closure }) => !closure);
  const made = new Set(madeOf([piped, ...given, ...given.flatMap(({ fields }) => [...(fields?.values() ?? [])])]));
  if (name === 'map' || name.startsWith('join.'))
    for (const row of rows) for (const column of row.given?.keys() ?? [ANY]) made.add(column);
  if (name === 'rename')
    for (const { text } of args.get('columns')?.fields?.values() ?? [{ text: undefined }]) made.add(text ?? ANY);
  for (const argument of WRITES_COLUMN.has(name) ? [...NAMING, 'column'] : NAMING) {
    const column = args.get(argument);
    if (column && !column.closure) made.add(column.text ?? ANY);
  }
  return made;
}

/** Of rows that come together. */
export const madeOf = (values: (Value | undefined)[]): ReadonlySet<string> =>
  new Set(values.flatMap((value) => [...(value?.made ?? [])]));
