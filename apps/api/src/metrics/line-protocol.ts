/**
 * InfluxDB line protocol on bytes: `measurement[,tag=value…] field=value[,field=value…] [timestamp]`.
 * What is accepted follows InfluxDB 2.7's own parser, models/points.go (ParsePointsWithPrecision); stricter only where
 * a line would be ambiguous once our tags are stamped in.
 */
import { scanField } from './field-value.ts';

export type Precision = 'ns' | 'us' | 'ms' | 's';

/** A line that cannot be stored: `line` counts from 1. */
export interface RejectedLine {
  line: number;
  reason: string;
}

export interface Stamp {
  /** `,key=value` pairs, escaped, by key. */
  tags: ReadonlyMap<string, string>;
  /** Time of receipt, nanoseconds since 1970, for lines without a timestamp. */
  receivedAt: bigint;
  /** The range in which a timestamp is accepted, nanoseconds. */
  oldest: bigint;
  newest: bigint;
}

export interface StampedLines {
  /** Accepted lines, each with our tags, sorted tag keys and a timestamp in nanoseconds, ending in a newline. */
  lines: Buffer[];
  /** Which line of the body each accepted one was, counting from 1. */
  numbers: number[];
  rejected: RejectedLine[];
  /** Newest timestamp that a line brought with it. */
  newest: bigint | undefined;
}

const NEWLINE = 10,
  QUOTE = 34,
  HASH = 35,
  COMMA = 44,
  EQUALS = 61,
  BACKSLASH = 92,
  SPACE = 32,
  MINUS = 45;
const MAX_KEY_LENGTH = 65_535;
const MAX_TIME = 9_223_372_036_854_775_806n;
const SCALE: Record<Precision, bigint> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };
const RESERVED = new Set(['_measurement', '_field', 'time']);
/** Set by us alone; a client's are dropped in whatever escaped spelling. */
const IDENTITY = new Set(['robot', 'hostname', 'arch', 'robot_id']);

class BadLine extends Error {}
const bad = (reason: string) => new BadLine(reason);

/** Reads a whole body; one line's fault never touches the others. */
export function stampLines(body: Buffer, precision: Precision, stamp: Stamp): StampedLines {
  const result: StampedLines = { lines: [], numbers: [], rejected: [], newest: undefined };
  let number = 1;
  for (let start = 0; start < body.length; ) {
    const end = lineEnd(body, start);
    const first = skipBlank(body, start, end);
    if (first < end && body[first] !== HASH) {
      try {
        result.lines.push(stampLine(body, first, end, precision, stamp, result));
        result.numbers.push(number);
      } catch (error) {
        if (!(error instanceof BadLine)) throw error;
        result.rejected.push({ line: number, reason: error.message });
      }
    }
    for (let i = body.indexOf(NEWLINE, start); i !== -1 && i <= end; i = body.indexOf(NEWLINE, i + 1)) number++;
    start = end + 1;
  }
  return result;
}

/** The newline that ends the line: those inside a quoted field value do not count (points.go scanLine). */
export function lineEnd(body: Buffer, start: number): number {
  let quoted = false,
    fields = false;
  let equals = 0,
    commas = 0;
  for (let i = start; i < body.length; i++) {
    const byte = body[i];
    if (byte === BACKSLASH && i + 2 < body.length) {
      i++;
      continue;
    }
    if (byte === SPACE) fields = true;
    else if (fields && !quoted && byte === EQUALS) equals++;
    else if (fields && !quoted && byte === COMMA) commas++;
    else if (fields && byte === QUOTE && equals > commas) quoted = !quoted;
    else if (byte === NEWLINE && !quoted) return i;
  }
  return body.length;
}

function skipBlank(body: Buffer, from: number, end: number): number {
  let i = from;
  while (i < end && (body[i] === SPACE || body[i] === 9 || body[i] === 0)) i++;
  return i;
}

function stampLine(
  body: Buffer,
  start: number,
  end: number,
  precision: Precision,
  stamp: Stamp,
  result: StampedLines,
): Buffer {
  const key = scanKey(body, start, end);
  const fieldsStart = skipBlank(body, key.end, end);
  const fieldsEnd = scanFields(body, fieldsStart, end, key.end - start);
  const time = readTime(body, skipBlank(body, fieldsEnd, end), end, precision);
  const at = time ?? stamp.receivedAt;
  if (at < stamp.oldest) throw bad(`timestamp ${iso(at)} is older than the retention period`);
  if (at > stamp.newest) throw bad(`timestamp ${iso(at)} is too far in the future: check the robot's clock`);
  if (time !== undefined && (result.newest === undefined || time > result.newest)) result.newest = time;

  for (const [name, pair] of stamp.tags) key.tags.set(name, pair);
  const names = [...key.tags.keys()].sort(byteOrder);
  let head = key.measurement;
  for (const name of names) head += key.tags.get(name);
  if (head.length > MAX_KEY_LENGTH) throw bad('measurement and tags are too long');
  const line = Buffer.concat([
    Buffer.from(`${head} `, 'latin1'),
    body.subarray(fieldsStart, fieldsEnd),
    Buffer.from(` ${at}\n`, 'latin1'),
  ]);
  // Where backslashes pair up before a separator, readers differ on what is quoted: the line must not swallow its neighbour.
  if (line.includes(BACKSLASH) && lineEnd(line, 0) !== line.length - 1)
    throw bad('ambiguous backslashes: escaped twice');
  return line;
}

/** Keys are held as latin1, one character a byte, so that comparing strings compares bytes. */
const byteOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Measurement and tags up to the first unescaped space (points.go scanMeasurement, scanTags). */
function scanKey(body: Buffer, start: number, end: number) {
  if (body[start] === COMMA) throw bad('missing measurement');
  let i = start + 1;
  while (i < end && (body[i - 1] === BACKSLASH || (body[i] !== COMMA && body[i] !== SPACE))) i++;
  if (i >= end) throw bad('missing fields');
  const measurement = body.toString('latin1', start, i);
  checkToken(body, start, i, 'measurement');
  const tags = new Map<string, string>();
  while (body[i] === COMMA) {
    const keyStart = ++i;
    if (i >= end || body[i] === SPACE || body[i] === COMMA || body[i] === EQUALS) throw bad('missing tag key');
    for (i++; i < end && !(body[i] === EQUALS && body[i - 1] !== BACKSLASH); i++) {
      if ((body[i] === SPACE || body[i] === COMMA) && body[i - 1] !== BACKSLASH) throw bad('missing tag value');
    }
    if (i >= end) throw bad('missing tag value');
    const name = body.toString('latin1', keyStart, i);
    const valueStart = ++i;
    if (i >= end || body[i] === COMMA || body[i] === SPACE) throw bad('missing tag value');
    for (i++; i < end && !((body[i] === COMMA || body[i] === SPACE) && body[i - 1] !== BACKSLASH); i++) {
      if (body[i] === EQUALS && body[i - 1] !== BACKSLASH) throw bad('invalid tag format');
    }
    if (i >= end) throw bad('missing fields');
    if (RESERVED.has(name)) throw bad(`cannot use reserved tag key "${name}"`);
    if (IDENTITY.has(unescapeKey(name))) continue;
    if (tags.has(name)) throw bad('duplicate tags');
    // A value that ends in a backslash would swallow the separator behind it once another tag follows.
    if (body[i - 1] === BACKSLASH) throw bad('a tag value must not end in a backslash');
    checkToken(body, keyStart, valueStart - 1, 'tag key');
    checkToken(body, valueStart, i, 'tag value');
    tags.set(name, `,${name}=${body.toString('latin1', valueStart, i)}`);
  }
  return { measurement, tags, end: i };
}

/** `\,`, `\=` and `\ ` stand for the character; a backslash before anything else stands for itself (points.go unescapeTag). */
export const unescapeKey = (key: string) => (key.includes('\\') ? key.replace(/\\([,= ])/g, '$1') : key);

/** Everything that a store or a terminal could stumble over: control characters, broken UTF-8. */
function checkToken(body: Buffer, start: number, end: number, what: string): void {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = body[i] as number;
    if (byte < 32 || byte === 127) throw bad(`${what} has a control character`);
    if (byte > 127) ascii = false;
  }
  if (!ascii && body.toString('utf8', start, end).includes('\ufffd')) throw bad(`${what} is not valid UTF-8`);
}

function scanFields(body: Buffer, start: number, end: number, keyLength: number): number {
  if (start >= end) throw bad('missing fields');
  const names = new Set<string>();
  let i = start;
  for (;;) {
    const field = scanField(body, i, end);
    if (typeof field === 'string') throw bad(field);
    if (field.name === 'time') throw bad('cannot use reserved field key "time"');
    if (names.has(field.name)) throw bad(`field "${field.name}" is given twice`);
    names.add(field.name);
    checkToken(body, i, i + field.nameLength, 'field key');
    if (keyLength + field.nameLength + 300 > MAX_KEY_LENGTH) throw bad('measurement, tags and field key are too long');
    i = field.end;
    if (i >= end || body[i] === SPACE) return i;
    i++;
  }
}

function readTime(body: Buffer, start: number, end: number, precision: Precision): bigint | undefined {
  let last = end;
  while (last > start && body[last - 1] === SPACE) last--;
  if (start >= last) return undefined;
  for (let i = start; i < last; i++) {
    const byte = body[i] as number;
    if ((byte < 48 || byte > 57) && !(i === start && byte === MINUS && last - start > 1)) throw bad('bad timestamp');
  }
  if (last - start > 20) throw bad('timestamp out of range');
  const time = BigInt(body.toString('latin1', start, last)) * SCALE[precision];
  if (time > MAX_TIME || time < -MAX_TIME) throw bad('timestamp out of range');
  return time;
}

function iso(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
