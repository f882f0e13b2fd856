import { MAX_FIELDS, MAX_LINE_BYTES, MAX_NUMBER_BYTES, MAX_STRING_BYTES } from './bounds.ts';
import { type KnownField, type KnownSeries, nextLine, type RobotShape } from './robot-shape.ts';
import type { Precision } from './scan-line.ts';
import type { StampedLines } from './stamped-lines.ts';

/**
 * Fast path for most lines: a known series and known fields, plain numbers or strings, and a plain timestamp. One pass
 * over the bytes, without parsing tags. Anything unusual is left to scanLine.
 */

const NEWLINE = 10,
  SPACE = 32,
  QUOTE = 34,
  COMMA = 44,
  MINUS = 45,
  DOT = 46,
  ZERO = 48,
  NINE = 57,
  EQUALS = 61,
  BACKSLASH = 92,
  LOWER_I = 105,
  DELETE = 127;
const ZEROS: Record<Precision, string> = { ns: '', us: '000', ms: '000000', s: '000000000' };
/** Digits of a timestamp between 2001 and 2286, by precision. */
const DIGITS: Record<Precision, number> = { ns: 19, us: 16, ms: 13, s: 10 };
/** More digits could exceed 64 bits. */
const MAX_DIGITS = 18;

export interface Limits {
  oldestMs: number;
  newestMs: number;
  receivedMs: number;
  /** Nanoseconds, as text. */
  receivedAt: string;
}

/** @returns where the next line starts, or 0 when the line is unusual and nothing was written */
export function stampUsualLine(
  body: Buffer,
  start: number,
  number: number,
  precision: Precision,
  shape: RobotShape,
  limits: Limits,
  out: StampedLines,
): number {
  // One byte more than a line may have: scanning that far leaves the line to scanLine, which refuses it.
  const length = Math.min(body.length, start + MAX_LINE_BYTES + 1);
  const previous = out.last;
  const guess = previous === undefined ? shape.first : previous.next;
  let i = start;
  let series: KnownSeries | undefined;
  if (guess !== undefined && isAt(body, start, guess.key) && body[start + guess.key.length] === SPACE) {
    series = guess;
    i += guess.key.length;
  } else {
    for (; i < length; i++) {
      const byte = body[i] as number;
      if (byte === SPACE) break;
      if (byte < SPACE || byte === BACKSLASH || byte >= DELETE) return 0;
    }
    if (i >= length) return 0;
    series = shape.find(body.toString('latin1', start, i));
    if (series === undefined) return 0;
    if (previous === undefined) shape.first = series;
    else previous.next = series;
  }

  const fieldsStart = ++i;
  const line = nextLine();
  series.seenAt = line;
  const { layout } = series;
  let unsettled: KnownField[] | undefined;
  for (let index = 0; ; index++) {
    if (index === MAX_FIELDS) return 0;
    let field = layout[index];
    if (field !== undefined && isAt(body, i, field.name) && body[i + field.name.length] === EQUALS) {
      i += field.name.length;
    } else {
      const nameStart = i;
      for (; i < length; i++) {
        const byte = body[i] as number;
        if (byte === EQUALS) break;
        if (byte <= SPACE || byte === COMMA || byte === BACKSLASH || byte >= DELETE) return 0;
      }
      if (i >= length) return 0;
      field = series.fields.get(body.toString('latin1', nameStart, i));
      if (field === undefined) return 0;
      layout[index] = field;
    }
    if (field.seenAt === line) return 0;
    field.seenAt = line;
    if (!field.settled) {
      unsettled ??= [];
      unsettled.push(field);
    }
    i++;
    const type = field.type;
    if (type === 'float' || type === 'integer') {
      if (body[i] === MINUS) i++;
      const digits = i;
      let dots = 0;
      for (; i < length; i++) {
        const byte = body[i] as number;
        if (byte === DOT && type === 'float') dots++;
        else if (byte < ZERO || byte > NINE) break;
      }
      const count = i - digits - dots;
      if (count < 1 || dots > 1) return 0;
      if (type === 'integer' && (count > MAX_DIGITS || body[i++] !== LOWER_I)) return 0;
      if (i - digits >= MAX_NUMBER_BYTES) return 0;
    } else if (type === 'string') {
      i = plainString(body, i);
      if (i === 0) return 0;
    } else return 0;
    if (i >= length) break;
    const next = body[i];
    if (next === COMMA) i++;
    else if (next === SPACE || next === NEWLINE) break;
    else return 0;
  }
  const fieldsEnd = i;

  let timeStart = i;
  let measuredMs = limits.receivedMs;
  if (i < length && body[i] === SPACE) {
    timeStart = ++i;
    let ms = 0;
    for (; i < length; i++) {
      const byte = body[i] as number;
      if (byte < ZERO || byte > NINE) break;
      if (i - timeStart < 13) ms = ms * 10 + (byte - ZERO);
    }
    if (i - timeStart !== DIGITS[precision] || (i < length && body[i] !== NEWLINE)) return 0;
    if (precision === 's') ms *= 1000;
    // Near either end of the range scanLine decides, to the nanosecond.
    if (ms <= limits.oldestMs || ms >= limits.newestMs) return 0;
    if (ms > out.newestMs) out.newestMs = ms;
    measuredMs = ms;
  }

  if (i - start > MAX_LINE_BYTES) return 0;
  const bytes = out.reserve(series.head.length + (i - fieldsStart) + 32);
  let to = out.length;
  to += bytes.write(series.head, to, 'latin1');
  bytes[to++] = SPACE;
  // Fields and timestamp, if there is one, are copied in one piece.
  to += body.copy(bytes, to, fieldsStart, i > timeStart ? i : fieldsEnd);
  if (i === timeStart) {
    bytes[to++] = SPACE;
    to += bytes.write(limits.receivedAt, to, 'latin1');
  } else if (precision !== 'ns') to += bytes.write(ZEROS[precision], to, 'latin1');
  bytes[to++] = NEWLINE;
  out.noteTime(measuredMs);
  out.push(to, number, series, unsettled);
  return i + 1;
}

/** Compares byte by byte, which is cheaper than creating a string from the body. */
function isAt(body: Buffer, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (body[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** @returns the index just after the closing quote, or 0 if there are escapes, line breaks or control characters */
function plainString(body: Buffer, start: number): number {
  if (body[start] !== QUOTE) return 0;
  const end = Math.min(body.length, start + MAX_STRING_BYTES + 2);
  for (let i = start + 1; i < end; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte < SPACE || byte === BACKSLASH) return 0;
  }
  return 0;
}
