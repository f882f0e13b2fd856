import { sized, sum, type Value } from './growth-value.ts';
import { mistaken } from './refusal.ts';
import { ANY } from './rows-behind.ts';

/** How large a function's result may be. `piped` is what comes through the pipe, `args` the arguments by name. */
type Rule = (call: { name: string; piped: Value | undefined; args: Map<string, Value>; rows: Value[] }) => Value;

const MAX_COUNT = 1_000;
/** Empty windows that a read may make for each series. */
const MAX_WINDOWS = 200_000;
/** Windows to which a row may belong. */
const MAX_OVERLAP = 100;
/** Least size of an element of an array. */
const ELEMENT = 16;
/** A column as an array is as long as the data are. */
const COLUMN = 1 << 18;

/** Times it may grow at most: the length of a text, or of what the query makes of one. */
const lengthOf = (value: Value | undefined) => (value === undefined ? 0 : (value.length ?? value.size));
const all = (args: Map<string, Value>) => sum([...args.values()]);

function count(name: string, args: Map<string, Value>, argument: string): number {
  const given = args.get(argument);
  if (given === undefined) return 1;
  const { number } = given;
  if (number === undefined || !(number >= 0 && number <= MAX_COUNT))
    throw mistaken(`${name} takes ${argument} as a number from 0 to ${MAX_COUNT.toLocaleString('en')}.`);
  return number;
}

const counted =
  (argument: string): Rule =>
  ({ name, piped, args, rows }) => {
    count(name, args, argument);
    return { ...sum([piped, ...rows, all(args)]), ...(piped?.span !== undefined && { span: piped.span }) };
  };

/** A period of this length each is looked at for all the time of the rows. */
const holtWinters: Rule = (given) => {
  counted('seasonality')(given);
  const { seconds } = given.args.get('interval') ?? {};
  const { span } = given.piped ?? {};
  if (!seconds || span === undefined || span / Math.abs(seconds) > MAX_WINDOWS)
    throw mistaken('holtWinters takes interval as a duration written in the query, not too short for the range.');
  return counted('n')(given);
};

const bins: Rule = ({ name, args }) => sized(count(name, args, 'count') * ELEMENT);

const timesLengthOf =
  (text: string, by: string): Rule =>
  ({ args }) => {
    const grown = args.get(text)?.size ?? 0;
    return sum([all(args), sized(grown * lengthOf(args.get(by)))]);
  };

/** @param fillsByDefault whether it makes windows without rows unless told otherwise; undefined if it always does */
const windows =
  (fillsByDefault?: boolean): Rule =>
  ({ name, piped, args, rows }) => {
    const every = args.get('every');
    const period = args.get('period') ?? every;
    if (!every?.seconds || !period?.seconds)
      throw mistaken(`${name} takes every and period as durations written in the query, such as 1m.`);
    if (Math.abs(period.seconds / every.seconds) > MAX_OVERLAP)
      throw mistaken(`In ${name}, period is more than ${MAX_OVERLAP.toLocaleString('en')} times every.`);
    const fills =
      fillsByDefault === undefined || (args.get('createEmpty')?.bool ?? (args.has('createEmpty') || fillsByDefault));
    if (fills) {
      const hint = fillsByDefault === undefined ? '' : ', or write createEmpty: false';
      if (piped?.span === undefined)
        throw mistaken(`${name} can fill gaps only behind range with literal times and filters${hint}.`);
      if (piped.span / Math.abs(every.seconds) > MAX_WINDOWS)
        throw mistaken(
          `${name} would make more than ${MAX_WINDOWS.toLocaleString('en')} windows. Use a longer every${hint}.`,
        );
    }
    return { ...sum([piped, ...rows, all(args)]), ...(piped?.span !== undefined && { span: piped.span }) };
  };

/** A column for each value of another one: values that differ in each row would make the square of the rows. */
const pivot: Rule = ({ piped, args }) => {
  const key = args.get('columnKey')?.texts;
  const isStored = (column: string | undefined) =>
    column !== undefined && !DIFFERENT.has(column) && !piped?.made?.has(column) && !piped?.made?.has(ANY);
  if (!key?.every(isStored))
    throw mistaken('pivot takes as columnKey columns such as ["_field"], with values as they are stored.');
  return sum([piped, all(args)]);
};
const DIFFERENT = new Set(['_time', '_value', '_start', '_stop']);

const column: Rule = () => sized(COLUMN);

/** What a function makes of its input with each row again must be a number: texts would double with each. */
const reduce: Rule = ({ piped, args }) => {
  const { fields } = args.get('identity') ?? {};
  if (!fields || [...fields.values()].some(({ isNumber }) => !isNumber))
    throw mistaken('reduce takes as identity a record of numbers written in the query.');
  return sum([piped, all(args)]);
};

/**
 * Functions whose cost depends on more than the size of what they are given, by package and name. InfluxDB limits the
 * memory of rows only: a text, an array or a list of windows made by one of these can end it. They may only be called.
 */
export const COSTLY: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['window', windows(false)],
  ['aggregateWindow', windows(true)],
  ['timedMovingAverage', windows(false)],
  ['interpolate.linear', windows()],
  ['experimental/aggregate.rate', windows()],
  ['linearBins', bins],
  ['logarithmicBins', bins],
  ...[
    ...['chandeMomentumOscillator', 'doubleEMA', 'exponentialMovingAverage', 'kaufmansAMA', 'kaufmansER'],
    ...['movingAverage', 'relativeStrengthIndex', 'tripleEMA', 'tripleExponentialDerivative', 'sample'],
  ].map((name): [string, Rule] => [name, counted('n')]),
  ['holtWinters', holtWinters],
  ['quantile', counted('compression')],
  ['strings.repeat', ({ name, args }) => sized((args.get('v')?.size ?? 0) * (1 + count(name, args, 'i')))],
  ['strings.replace', timesLengthOf('v', 'u')],
  ['strings.replaceAll', timesLengthOf('v', 'u')],
  ['strings.joinStr', timesLengthOf('arr', 'v')],
  ['regexp.replaceAllString', timesLengthOf('v', 't')],
  ['strings.split', ({ args }) => sized(all(args).size * ELEMENT)],
  ['strings.splitAfter', ({ args }) => sized(all(args).size * ELEMENT)],
  ['strings.splitN', ({ args }) => sized(all(args).size * ELEMENT)],
  ['strings.splitAfterN', ({ args }) => sized(all(args).size * ELEMENT)],
  ['json.encode', ({ args }) => sized(all(args).size * 8)],
  ['experimental/json.parse', ({ args }) => sized(all(args).size * ELEMENT)],
  ['array.map', ({ args, rows }) => mapped(args, rows)],
  ['experimental/array.map', ({ args, rows }) => mapped(args, rows)],
  ['reduce', reduce],
  ['pivot', pivot],
  ['getColumn', column],
  ['findColumn', column],
]);

const mapped = (args: Map<string, Value>, rows: Value[]) =>
  sized(((args.get('arr')?.size ?? 0) / ELEMENT) * (ELEMENT + sum(rows).size));

/** Whether a function's results are numbers, times or truth values. */
export const givesNumber = (name: string) =>
  /^(math|date|bitwise|experimental\/bitwise)\./.test(name) || NUMERIC.has(name);
const NUMERIC = new Set(['float', 'int', 'uint', 'bool', 'time', 'duration', 'length', 'contains', 'now', 'today']);

/** Functions that call `fn` for each row. */
export const PER_ROW = new Set(['map', 'filter', 'reduce', 'stateTracking', 'stateCount', 'stateDuration']);

/** Functions of which the result of `fn` is looked at only. */
export const ONLY_ASKS = new Set([
  ...[
    'filter',
    'stateTracking',
    'stateCount',
    'stateDuration',
    'tableFind',
    'findColumn',
    'findRecord',
    'drop',
    'keep',
  ],
]);
