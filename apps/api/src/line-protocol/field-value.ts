import type { FieldType } from '../figures/index.ts';
import { MAX_KEY_BYTES, MAX_NUMBER_BYTES, MAX_STRING_BYTES } from './bounds.ts';
import { bad } from './refusal.ts';

/**
 * One field of a line, as bytes and as a value. Limits as in InfluxDB's models/points.go: int64, uint64, finite
 * float64.
 */

const COMMA = 44,
  EQUALS = 61,
  BACKSLASH = 92,
  SPACE = 32,
  QUOTE = 34;
const INTEGER = /^-?\d+i$/;
const UNSIGNED = /^\d+u$/;
const FLOAT = /^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const BOOLEANS: Record<string, boolean> = {
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
};

export interface ScannedField {
  /** Still escaped, one character per byte. */
  name: string;
  nameLength: number;
  valueStart: number;
  /** Index just after the value: of a comma, a space, or the end of the line. */
  end: number;
  type: FieldType;
}

/** The field that starts at `start`. @throws BadLine */
export function scanField(body: Buffer, start: number, end: number): ScannedField {
  let i = start;
  while (i < end && body[i] !== EQUALS && body[i] !== COMMA && body[i] !== SPACE) i += body[i] === BACKSLASH ? 2 : 1;
  if (i === start) throw bad('missing field key');
  if (i >= end || body[i] !== EQUALS) throw bad('invalid field format');
  if (i - start > MAX_KEY_BYTES) throw bad(`field key is longer than ${MAX_KEY_BYTES} bytes`, 'limit');
  // InfluxDB would take the equals sign for an escaped one.
  if (body[i - 1] === BACKSLASH) throw bad('a field key must not end in a backslash');
  const name = body.toString('latin1', start, i);
  const field: ScannedField = { name, nameLength: i - start, valueStart: i + 1, end: 0, type: 'string' };
  if (body[i + 1] === QUOTE && i + 1 < end) {
    field.end = stringEnd(body, i + 1, end);
    return field;
  }
  for (i++; i < end && body[i] !== COMMA && body[i] !== SPACE; i++);
  field.end = i;
  if (i - field.valueStart > MAX_NUMBER_BYTES) throw bad(`number is longer than ${MAX_NUMBER_BYTES} bytes`, 'limit');
  const text = body.toString('latin1', field.valueStart, i);
  if (text === '') throw bad('missing field value');
  const wrong = checkScalar(text);
  if (wrong) throw bad(wrong);
  field.type = scalarType(text);
  return field;
}

/** @returns the index just after the closing quote. @throws BadLine */
function stringEnd(body: Buffer, start: number, end: number): number {
  let escapes = 0;
  let i = start + 1;
  for (; i < end && body[i] !== QUOTE; i++) {
    if (body[i] !== BACKSLASH) continue;
    i++;
    if (body[i] === QUOTE || body[i] === BACKSLASH) escapes++;
  }
  if (i >= end) throw bad('unbalanced quotes');
  if (i - start - 1 - escapes > MAX_STRING_BYTES)
    throw bad(`string value is longer than ${MAX_STRING_BYTES} bytes`, 'limit');
  const next = i + 1;
  if (next < end && body[next] !== COMMA && body[next] !== SPACE) throw bad('text after a closing quote');
  return next;
}

/** @returns why the value is invalid, or undefined */
function checkScalar(text: string): string | undefined {
  if (Object.hasOwn(BOOLEANS, text)) return undefined;
  if (!/^[-.0-9nN]/.test(text)) return 'invalid boolean';
  const last = text.at(-1);
  if (last === 'i') {
    if (!INTEGER.test(text)) return 'invalid number';
    return text.length < 20 || BigInt.asIntN(64, BigInt(text.slice(0, -1))) === BigInt(text.slice(0, -1))
      ? undefined
      : 'integer out of range';
  }
  if (last === 'u') {
    if (!UNSIGNED.test(text)) return 'invalid number';
    return text.length < 21 || BigInt.asUintN(64, BigInt(text.slice(0, -1))) === BigInt(text.slice(0, -1))
      ? undefined
      : 'unsigned integer out of range';
  }
  return FLOAT.test(text) && Number.isFinite(Number(text)) ? undefined : 'invalid number';
}

/** Type of a validated value that is not a string. */
function scalarType(text: string): FieldType {
  if (Object.hasOwn(BOOLEANS, text)) return 'boolean';
  const last = text.at(-1);
  return last === 'i' ? 'integer' : last === 'u' ? 'unsigned' : 'float';
}

/** Decodes a validated value. Integers stay text, because a double cannot hold all of them. */
export function readValue(text: string): { type: FieldType; value: string | number | boolean } {
  if (text.startsWith('"')) return { type: 'string', value: text.slice(1, -1).replace(/\\(["\\])/g, '$1') };
  if (Object.hasOwn(BOOLEANS, text)) return { type: 'boolean', value: BOOLEANS[text] as boolean };
  const last = text.at(-1);
  if (last === 'i') return { type: 'integer', value: text.slice(0, -1) };
  if (last === 'u') return { type: 'unsigned', value: text.slice(0, -1) };
  return { type: 'float', value: Number(text) };
}
