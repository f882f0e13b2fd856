/**
 * InfluxDB line protocol on bytes: `measurement[,tag=value…] field=value[,field=value…] [timestamp]`.
 * Accepts what InfluxDB 2.7's own parser does, models/points.go (ParsePointsWithPrecision); stricter only where a line
 * would become ambiguous once the identity tags are stamped in.
 */
import { MAX_FIELDS, MAX_KEY_BYTES, MAX_TAGS } from './bounds.ts';
import { type ScannedField, scanField } from './field-value.ts';
import { IDENTITY_TAGS, RESERVED_TAGS } from './identity.ts';
import { bad } from './refusal.ts';

export type Precision = 'ns' | 'us' | 'ms' | 's';

const COMMA = 44,
  EQUALS = 61,
  BACKSLASH = 92,
  SPACE = 32,
  MINUS = 45;
/** InfluxDB allows 65,535 bytes for measurement, tags and field together. */
const MAX_KEY_LENGTH = 65_000;
const MAX_TIME = 9_223_372_036_854_775_806n;
/** Nanoseconds of each unit. */
export const SCALE: Record<Precision, bigint> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

export function skipBlank(body: Buffer, from: number, end: number): number {
  let i = from;
  while (i < end && (body[i] === SPACE || body[i] === 9 || body[i] === 0)) i++;
  return i;
}

/** A parsed line. Names are still escaped, one character per byte. */
export interface ScannedLine {
  /** Measurement and tags as sent. */
  key: string;
  measurement: string;
  /** `,key=value` by key, without the client's identity tags. */
  tags: Map<string, string>;
  fields: ScannedField[];
  fieldsStart: number;
  fieldsEnd: number;
  /** Nanoseconds since 1970, if the line has a timestamp. */
  time: bigint | undefined;
}

/** @throws BadLine */
export function scanLine(body: Buffer, start: number, end: number, precision: Precision): ScannedLine {
  const key = scanKey(body, start, end);
  const fieldsStart = skipBlank(body, key.end, end);
  const fields = scanFields(body, fieldsStart, end);
  const fieldsEnd = fields.at(-1)?.end ?? fieldsStart;
  const time = readTime(body, skipBlank(body, fieldsEnd, end), end, precision);
  return {
    key: body.toString('latin1', start, key.end),
    measurement: key.measurement,
    tags: key.tags,
    fields,
    fieldsStart,
    fieldsEnd,
    time,
  };
}

/** Measurement, the line's own tags and the identity tags, sorted by key. @throws BadLine */
export function stampedHead({ measurement, tags }: ScannedLine, identity: ReadonlyMap<string, string>): string {
  for (const [name, pair] of identity) tags.set(name, pair);
  const head = headOf(measurement, tags);
  if (head.length > MAX_KEY_LENGTH) throw bad('measurement and tags are too long');
  return head;
}

/** @param tags `,key=value` by key, escaped, one character per byte */
export function headOf(measurement: string, tags: ReadonlyMap<string, string>): string {
  let head = measurement;
  for (const name of [...tags.keys()].sort(byteOrder)) head += tags.get(name);
  return head;
}

/** Keys are held as latin1, one character per byte, so comparing strings compares bytes. */
const byteOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Measurement and tags up to the first unescaped space (points.go scanMeasurement, scanTags). */
function scanKey(body: Buffer, start: number, end: number) {
  if (body[start] === COMMA) throw bad('missing measurement');
  let i = start + 1;
  while (i < end && (body[i - 1] === BACKSLASH || (body[i] !== COMMA && body[i] !== SPACE))) i++;
  if (i >= end) throw bad('missing fields');
  checkLength(i - start, 'measurement');
  checkToken(body, start, i, 'measurement');
  const measurement = body.toString('latin1', start, i);
  const tags = new Map<string, string>();
  let count = 0;
  while (body[i] === COMMA) {
    const keyStart = ++i;
    if (++count > MAX_TAGS) throw bad(`more than ${MAX_TAGS} tags`, 'limit');
    if (i >= end || body[i] === SPACE || body[i] === COMMA || body[i] === EQUALS) throw bad('missing tag key');
    for (i++; i < end && !(body[i] === EQUALS && body[i - 1] !== BACKSLASH); i++) {
      if ((body[i] === SPACE || body[i] === COMMA) && body[i - 1] !== BACKSLASH) throw bad('missing tag value');
    }
    if (i >= end) throw bad('missing tag value');
    checkLength(i - keyStart, 'tag key');
    const name = body.toString('latin1', keyStart, i);
    const valueStart = ++i;
    if (i >= end || body[i] === COMMA || body[i] === SPACE) throw bad('missing tag value');
    for (i++; i < end && !((body[i] === COMMA || body[i] === SPACE) && body[i - 1] !== BACKSLASH); i++) {
      if (body[i] === EQUALS && body[i - 1] !== BACKSLASH) throw bad('invalid tag format');
    }
    if (i >= end) throw bad('missing fields');
    if (RESERVED_TAGS.has(name)) throw bad(`cannot use reserved tag key "${name}"`);
    if (IDENTITY_TAGS.has(unescapeKey(name))) continue;
    if (tags.has(name)) throw bad('duplicate tags');
    // A trailing backslash would escape the separator of the tag that is stamped after it.
    if (body[i - 1] === BACKSLASH) throw bad('a tag value must not end in a backslash');
    checkToken(body, keyStart, valueStart - 1, 'tag key');
    checkToken(body, valueStart, i, 'tag value');
    tags.set(name, `,${name}=${body.toString('latin1', valueStart, i)}`);
  }
  return { measurement, tags, end: i };
}

/**
 * `\,`, `\=` and `\ ` stand for the character; a backslash before anything else stands for itself (points.go
 * unescapeTag).
 */
export const unescapeKey = (key: string) => (key.includes('\\') ? key.replace(/\\([,= ])/g, '$1') : key);

/** Rejects control characters and broken UTF-8, which stores and terminals handle badly. */
function checkToken(body: Buffer, start: number, end: number, what: string): void {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = body[i] as number;
    if (byte < 32 || byte === 127) throw bad(`${what} has a control character`);
    if (byte > 127) ascii = false;
  }
  if (!ascii && body.toString('utf8', start, end).includes('\ufffd')) throw bad(`${what} is not valid UTF-8`);
}

function checkLength(bytes: number, what: string): void {
  if (bytes > MAX_KEY_BYTES) throw bad(`${what} is longer than ${MAX_KEY_BYTES} bytes`, 'limit');
}

function scanFields(body: Buffer, start: number, end: number): ScannedField[] {
  if (start >= end) throw bad('missing fields');
  const fields: ScannedField[] = [];
  const names = new Set<string>();
  let i = start;
  for (;;) {
    if (fields.length === MAX_FIELDS) throw bad(`more than ${MAX_FIELDS} fields`, 'limit');
    const field = scanField(body, i, end);
    if (field.name === 'time') throw bad('cannot use reserved field key "time"');
    if (names.has(field.name)) throw bad(`field "${field.name}" is given twice`);
    names.add(field.name);
    fields.push(field);
    checkToken(body, i, i + field.nameLength, 'field key');
    i = field.end;
    if (i >= end || body[i] === SPACE) return fields;
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
