import { type FieldType, readValue, scanField } from './field-value.ts';
import { unescapeKey } from './scan-line.ts';

export interface DecodedField {
  type: FieldType;
  value: string | number | boolean;
}

export interface DecodedLine {
  measurement: string;
  /** The point's own tags, by key, without the four of the robot's identity. */
  tags: Record<string, string>;
  fields: Map<string, DecodedField>;
  /** Nanoseconds since 1970. */
  time: string;
}

const COMMA = 44,
  BACKSLASH = 92,
  SPACE = 32;
const IDENTITY = new Set(['robot', 'hostname', 'arch', 'robot_id']);
/** Characters of what is held a byte a character; PostgreSQL has no NUL. */
export const text = (latin1: string) => Buffer.from(latin1, 'latin1').toString('utf8').replaceAll('\0', '\ufffd');
export const unescapeMeasurement = (name: string) => name.replace(/\\([, ])/g, '$1');

/** Takes apart a line that stampLines has checked and stamped. */
export function decodeLine(line: Buffer): DecodedLine {
  let keyEnd = 0;
  while (line[keyEnd] !== SPACE || line[keyEnd - 1] === BACKSLASH) keyEnd++;
  const [name = '', ...pairs] = splitUnescaped(line.toString('latin1', 0, keyEnd), ',');
  const tags: Record<string, string> = {};
  for (const pair of pairs) {
    const [key = '', value = ''] = splitUnescaped(pair, '=');
    if (!IDENTITY.has(unescapeKey(key))) tags[text(unescapeKey(key))] = text(unescapeKey(value));
  }
  const fields = new Map<string, DecodedField>();
  let i = keyEnd;
  do {
    const field = scanField(line, i + 1, line.length - 1);
    if (typeof field === 'string') throw new Error(`not a stamped line: ${field}`);
    const { type, value } = readValue(line.toString('latin1', field.valueStart, field.end));
    fields.set(text(unescapeKey(field.name)), { type, value: typeof value === 'string' ? text(value) : value });
    i = field.end;
  } while (line[i] === COMMA);
  return {
    measurement: text(unescapeMeasurement(name)),
    tags,
    fields,
    time: line.toString('latin1', i + 1, line.length - 1),
  };
}

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
