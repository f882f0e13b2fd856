import type { FieldType } from '../figures/index.ts';
import { readValue, scanField } from './field-value.ts';
import { IDENTITY_TAGS } from './identity.ts';
import { headOf, unescapeKey } from './scan-line.ts';

export interface DecodedField {
  type: FieldType;
  value: string | number | boolean;
}

export interface DecodedHead {
  measurement: string;
  /** The point's own tags, by key, without the four identity tags. */
  tags: Record<string, string>;
}

export interface DecodedPoint {
  fields: Map<string, DecodedField>;
  /** Nanoseconds since 1970. */
  time: string;
}

const COMMA = 44,
  BACKSLASH = 92,
  SPACE = 32;
/** Decodes UTF-8 bytes held as latin1. NUL is replaced, because PostgreSQL cannot store it. */
export const text = (latin1: string) => Buffer.from(latin1, 'latin1').toString('utf8').replaceAll('\0', '\ufffd');
export const unescapeMeasurement = (name: string) => name.replace(/\\([, ])/g, '$1');

/** Decodes a line that stampLines has checked and stamped. */
export function decodeLine(line: Buffer): DecodedHead & DecodedPoint {
  let keyEnd = 0;
  while (line[keyEnd] !== SPACE || line[keyEnd - 1] === BACKSLASH) keyEnd++;
  return { ...decodeHead(line.toString('latin1', 0, keyEnd)), ...decodePoint(line, keyEnd) };
}

/** @param head measurement and tags, one character per byte */
export function decodeHead(head: string): DecodedHead {
  const [name = '', ...pairs] = splitUnescaped(head, ',');
  const tags = pairs
    .map((pair) => splitUnescaped(pair, '=').map(unescapeKey))
    .filter(([key = '']) => !IDENTITY_TAGS.has(key))
    .map(([key = '', value = '']) => [text(key), text(value)]);
  // A tag may be called __proto__: unlike assignment, fromEntries makes it an ordinary property.
  return { measurement: text(unescapeMeasurement(name)), tags: Object.fromEntries(tags) };
}

/** @param headLength where the head ends; a space and the fields follow */
export function decodePoint(line: Buffer, headLength: number): DecodedPoint {
  const fields = new Map<string, DecodedField>();
  const time = decodeFields(line, headLength, (name, field) => fields.set(text(unescapeKey(name)), field));
  return { fields, time };
}

/**
 * Calls `each` with every field that is wanted, its name still escaped, one character per byte. @returns the time, nanoseconds since
 * 1970
 */
export function decodeFields(
  line: Buffer,
  headLength: number,
  each: (name: string, field: DecodedField) => void,
  isWanted: (name: string) => boolean = () => true,
): string {
  let i = headLength;
  do {
    const field = scanField(line, i + 1, line.length - 1);
    i = field.end;
    if (!isWanted(field.name)) continue;
    const { type, value } = readValue(line.toString('latin1', field.valueStart, field.end));
    each(field.name, { type, value: typeof value === 'string' ? text(value) : value });
  } while (line[i] === COMMA);
  return line.toString('latin1', i + 1, line.length - 1);
}

/** A series' head as stampLines writes it. @param identity the robot's `,key=value` pairs, by key */
export function encodeHead({ measurement, tags }: DecodedHead, identity: ReadonlyMap<string, string>): string {
  const pairs = new Map(identity);
  for (const [key, value] of Object.entries(tags)) pairs.set(escapeKey(key), `,${escapeKey(key)}=${escapeKey(value)}`);
  return headOf(escapeMeasurement(measurement), pairs);
}

const latin1 = (utf8: string) => Buffer.from(utf8).toString('latin1');
export const escapeKey = (utf8: string) => latin1(utf8).replace(/[,= ]/g, '\\$&');
export const escapeMeasurement = (utf8: string) => latin1(utf8).replace(/[, ]/g, '\\$&');

function splitUnescaped(key: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = key.indexOf(separator); i !== -1; i = key.indexOf(separator, i + 1)) {
    if (key[i - 1] === '\\') continue;
    parts.push(key.slice(start, i));
    start = i + 1;
  }
  return [...parts, key.slice(start)];
}
