import { typeOf } from '../figures/index.ts';
import { atOnce } from '../scheduling/slices.ts';
import { MAX_LINE_BYTES } from './bounds.ts';
import { convertNumber } from './convert-number.ts';
import { LineEnd, lineEnd } from './line-end.ts';
import { BadLine, bad } from './refusal.ts';
import { nextLine, type RobotShape } from './robot-shape.ts';
import { type Precision, SCALE, type ScannedLine, scanLine, skipBlank, stampedHead } from './scan-line.ts';
import { StampedLines } from './stamped-lines.ts';
import { stampUsualLine } from './usual-line.ts';

export interface Stamp {
  shape: RobotShape;
  /** Time of receipt, nanoseconds since 1970, for lines without a timestamp. */
  receivedAt: bigint;
  /** The range in which a timestamp is accepted, nanoseconds. */
  oldest: bigint;
  newest: bigint;
  correction?: Correction;
}

/** What a wrong clock's times are corrected by, nanoseconds. */
export interface Correction {
  /** The times that it applies to, both included. */
  from: bigint;
  to: bigint;
  shift: bigint;
  /** A line that says so; it is stored with the others. */
  mark: string;
}

const NEWLINE = 10,
  HASH = 35,
  BACKSLASH = 92;
/** Roughly what stamping adds to a line, bytes. */
const STAMP_SIZE = 120;
/** Bytes read between two yields, and bytes of an overlong line skipped at once. */
const STEP_BYTES = 1_024;
const SKIP_BYTES = 1 << 18;

/** Stamps the whole body without yielding. */
export const stampLines = (body: Buffer, precision: Precision, stamp: Stamp) =>
  atOnce(stamping(body, precision, stamp));

/** Stamps a body of line protocol, yielding now and then. A bad line never affects the others. */
export function* stamping(body: Buffer, precision: Precision, stamp: Stamp): Generator<void, StampedLines> {
  const out = new StampedLines(body.length * 2 + STAMP_SIZE);
  const limits = {
    oldestMs: Number(stamp.oldest / 1_000_000n),
    newestMs: Number(nearest(stamp) / 1_000_000n),
    receivedMs: Number(stamp.receivedAt / 1_000_000n),
    receivedAt: String(stamp.receivedAt),
  };
  if (stamp.correction) stampMark(stamp.correction.mark, stamp, out);
  let number = 1;
  let pauseAt = STEP_BYTES;
  for (let start = 0; start < body.length; ) {
    if (start >= pauseAt) {
      yield;
      pauseAt = start + STEP_BYTES;
    }
    const usual = stampUsualLine(body, start, number, precision, stamp.shape, limits, out);
    if (usual > 0) {
      start = usual;
      number++;
      continue;
    }
    const search = new LineEnd(start);
    let end = search.find(body, start + MAX_LINE_BYTES + 1);
    const tooLong = end === undefined || end - start > MAX_LINE_BYTES;
    for (let until = start + MAX_LINE_BYTES; end === undefined; end = search.find(body, until)) {
      yield;
      until += SKIP_BYTES;
    }
    const first = tooLong ? start : skipBlank(body, start, end);
    if (first < end && body[first] !== HASH) {
      try {
        if (tooLong) throw bad(`longer than ${MAX_LINE_BYTES} bytes`, 'limit');
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

/** Times above this are not left to the fast path. */
const nearest = ({ receivedAt, newest, correction }: Stamp) =>
  correction && correction.from > receivedAt && correction.from < newest ? correction.from : newest;

/** A robot with too many series goes without. */
function stampMark(mark: string, stamp: Stamp, out: StampedLines): void {
  try {
    stampAnyLine(Buffer.from(mark), 0, mark.length, 0, 'ns', stamp, out);
  } catch (error) {
    if (!(error instanceof BadLine)) throw error;
  }
}

/** @throws BadLine */
function stampAnyLine(
  body: Buffer,
  start: number,
  end: number,
  number: number,
  precision: Precision,
  { shape, receivedAt, oldest, newest, correction }: Stamp,
  out: StampedLines,
): void {
  const line = scanLine(body, start, end, precision);
  const { time = receivedAt } = line;
  const isWrong = line.time !== undefined && correction && time >= correction.from && time <= correction.to;
  const at = isWrong ? time + correction.shift : time;
  if (at < oldest || at > newest) out.hasStrangeTimes = true;
  if (at < oldest)
    throw bad(
      `timestamp ${iso(at)} is older than the retention period${unitHint(at, precision, oldest, newest)}`,
      'time',
    );
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
  // Parsers disagree on paired backslashes before a separator; such a line could swallow the next one.
  if (stamped.includes(BACKSLASH) && lineEnd(stamped, 0) !== stamped.length - 1)
    throw bad('ambiguous backslashes: escaped twice');

  const { key, measurement } = line;
  const known = shape.findHead(head, key);
  const news = line.fields.filter(({ name }) => !shape.field(measurement, name));
  if (!known || news.length > 0)
    shape.checkRoom(
      known ? 0 : 1,
      news.map(({ name }) => name),
    );
  if (line.time !== undefined) out.newestMs = Math.max(out.newestMs, Number(at / 1_000_000n));
  for (const { name, type } of news) shape.addField(measurement, name, typeOf(measurement, name) ?? type, false);
  if (!known) shape.addSeries(head, measurement, 0);
  const series = known ?? shape.findHead(head, key);
  if (!series) throw new Error('the series that was just added is missing');
  series.seenAt = nextLine();
  const unsettled = line.fields.flatMap(({ name }) => {
    const field = series.fields.get(name);
    if (field) field.seenAt = series.seenAt;
    return field && !field.settled ? [field] : [];
  });
  out.noteTime(Number(at / 1_000_000n));
  out.push(to, number, series, unsettled);
}

/** The fields as bytes, with numbers converted to the field's settled type. @throws BadLine on a conflict */
function checkTypes(body: Buffer, line: ScannedLine, shape: RobotShape): Buffer {
  let rewritten: string | undefined;
  for (const { name, type, valueStart, end } of line.fields) {
    const known = typeOf(line.measurement, name);
    const settled = known ?? shape.field(line.measurement, name)?.type ?? type;
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

/** Times in a larger unit than said are the usual slip: read as nanoseconds, they are in 1970. */
function unitHint(at: bigint, precision: Precision, oldest: bigint, newest: bigint): string {
  const isMeant = (unit: Precision) =>
    at * SCALE[unit] >= oldest * SCALE[precision] && at * SCALE[unit] <= newest * SCALE[precision];
  const meant = (Object.keys(SCALE) as Precision[]).find((unit) => SCALE[unit] > SCALE[precision] && isMeant(unit));
  return meant ? `: if it is in ${meant}, add ?precision=${meant} to the address` : '';
}

function iso(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
