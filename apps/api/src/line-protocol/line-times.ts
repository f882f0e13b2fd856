import { MAX_LINE_BYTES } from './bounds.ts';
import { LineEnd } from './line-end.ts';
import { BadLine } from './refusal.ts';
import { type Precision, scanLine, skipBlank } from './scan-line.ts';

const HASH = 35;

/** The timestamps of a body's lines in their order, nanoseconds since 1970; of bad lines and those without one none. */
export function* readingTimes(body: Buffer, precision: Precision): Generator<void, bigint[]> {
  const times: bigint[] = [];
  for (let start = 0; start < body.length; ) {
    yield;
    const search = new LineEnd(start);
    let end = search.find(body, start + MAX_LINE_BYTES + 1);
    const tooLong = end === undefined || end - start > MAX_LINE_BYTES;
    for (let until = start + 2 * MAX_LINE_BYTES; end === undefined; end = search.find(body, until)) {
      yield;
      until += 2 * MAX_LINE_BYTES;
    }
    const first = tooLong ? end : skipBlank(body, start, end);
    if (first < end && body[first] !== HASH) {
      const time = timeOf(body, first, end, precision);
      if (time !== undefined) times.push(time);
    }
    start = end + 1;
  }
  return times;
}

function timeOf(body: Buffer, start: number, end: number, precision: Precision): bigint | undefined {
  try {
    return scanLine(body, start, end, precision).time;
  } catch (error) {
    if (error instanceof BadLine) return undefined;
    throw error;
  }
}
