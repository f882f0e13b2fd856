import { convertNumber, knownType } from './known-fields.ts';
import type { RobotShape } from './robot-shape.ts';
import {
  BadLine,
  bad,
  lineEnd,
  type Precision,
  type ScannedLine,
  scanLine,
  skipBlank,
  stampedHead,
} from './scan-line.ts';
import { StampedLines } from './stamped-lines.ts';
import { stampUsualLine } from './usual-line.ts';

export type { Precision } from './scan-line.ts';

export interface Stamp {
  shape: RobotShape;
  /** Time of receipt, nanoseconds since 1970, for lines without a timestamp. */
  receivedAt: bigint;
  /** The range in which a timestamp is accepted, nanoseconds. */
  oldest: bigint;
  newest: bigint;
}

const NEWLINE = 10,
  HASH = 35,
  BACKSLASH = 92;
/** What stamping adds to a line, roughly. */
const STAMP_SIZE = 120;

/** Reads a whole body of line protocol; one line's fault never touches the others. */
export function stampLines(body: Buffer, precision: Precision, stamp: Stamp): StampedLines {
  const out = new StampedLines(body.length * 2 + STAMP_SIZE);
  const limits = {
    oldestMs: Number(stamp.oldest / 1_000_000n),
    newestMs: Number(stamp.newest / 1_000_000n),
    receivedAt: String(stamp.receivedAt),
  };
  let number = 1;
  for (let start = 0; start < body.length; ) {
    const usual = stampUsualLine(body, start, number, precision, stamp.shape, limits, out);
    if (usual > 0) {
      start = usual;
      number++;
      continue;
    }
    const end = lineEnd(body, start);
    const first = skipBlank(body, start, end);
    if (first < end && body[first] !== HASH) {
      try {
        stampAnyLine(body, first, end, number, precision, stamp, out);
      } catch (error) {
        if (!(error instanceof BadLine)) throw error;
        out.rejected.push({ line: number, reason: error.message, kind: error.kind });
      }
    }
    for (let i = body.indexOf(NEWLINE, start); i !== -1 && i <= end; i = body.indexOf(NEWLINE, i + 1)) number++;
    start = end + 1;
  }
  return out;
}

/** @throws BadLine */
function stampAnyLine(
  body: Buffer,
  start: number,
  end: number,
  number: number,
  precision: Precision,
  { shape, receivedAt, oldest, newest }: Stamp,
  out: StampedLines,
): void {
  const line = scanLine(body, start, end, precision);
  const at = line.time ?? receivedAt;
  if (at < oldest) throw bad(`timestamp ${iso(at)} is older than the retention period`, 'time');
  if (at > newest) throw bad(`timestamp ${iso(at)} is too far in the future: check the robot's clock`, 'time');

  const head = stampedHead(line, shape.identity);
  const fields = checkTypes(body, line, shape);
  const size = head.length + fields.length + 24;
  const bytes = out.reserve(size);
  const from = out.length;
  let to = from + bytes.write(`${head} `, from, 'latin1');
  to += fields.copy(bytes, to);
  to += bytes.write(` ${at}\n`, to, 'latin1');
  const stamped = bytes.subarray(from, to);
  // Where backslashes pair up before a separator, readers differ on what is quoted: the line must not swallow its neighbour.
  if (stamped.includes(BACKSLASH) && lineEnd(stamped, 0) !== stamped.length - 1)
    throw bad('ambiguous backslashes: escaped twice');

  if (line.time !== undefined) out.newestMs = Math.max(out.newestMs, Number(at / 1_000_000n));
  const { key, measurement } = line;
  const series = shape.findHead(head, key);
  const news = line.fields.filter(({ name }) => shape.fieldType(measurement, name) === undefined);
  if (series) shape.note(series, line.fields);
  if (!series || news.length > 0) {
    const known = news.map(({ name, type }) => ({ name, type: knownType(measurement, name) ?? type }));
    out.novel.push({ index: out.count, key, head, measurement, fields: known });
  }
  out.push(to, number, series);
}

/** The fields as bytes, numbers written in the type that is settled for them. @throws BadLine on a conflict */
function checkTypes(body: Buffer, line: ScannedLine, shape: RobotShape): Buffer {
  let rewritten: string | undefined;
  for (const { name, type, valueStart, end } of line.fields) {
    const known = knownType(line.measurement, name);
    const settled = known ?? shape.fieldType(line.measurement, name) ?? type;
    let value: string | undefined;
    if (settled !== type) {
      value = known && convertNumber(body.toString('latin1', valueStart, end), type, known);
      if (value === undefined) throw typeConflict(line.measurement, name, settled, type);
      rewritten ??= body.toString('latin1', line.fieldsStart, valueStart - name.length - 1);
    }
    if (rewritten !== undefined) {
      const separator = rewritten === '' || rewritten.endsWith(',') ? '' : ',';
      rewritten += `${separator}${name}=${value ?? body.toString('latin1', valueStart, end)}`;
    }
  }
  return rewritten === undefined ? body.subarray(line.fieldsStart, line.fieldsEnd) : Buffer.from(rewritten, 'latin1');
}

export const typeConflict = (measurement: string, field: string, settled: string, given: string) =>
  bad(`field "${field}" of "${measurement}" is ${settled}, not ${given}`, 'type');

function iso(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
