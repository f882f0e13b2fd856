import type { Refusal } from './refusal.ts';
import type { KnownSeries } from './robot-shape.ts';

/** A line that cannot be stored: `line` counts from 1. */
export interface RejectedLine extends Refusal {
  line: number;
}

/** A line with a series or fields that the robot has not sent before, for the catalog to admit. */
export interface NovelLine {
  /** Its index among the stamped lines. */
  index: number;
  /** Measurement and tags as sent, and as stamped. */
  key: string;
  head: string;
  measurement: string;
  fields: { name: string; type: string }[];
}

/** The accepted lines of one body in one buffer: each with our tags, sorted, and a timestamp in nanoseconds, ending in a newline. */
export class StampedLines {
  bytes: Buffer;
  length = 0;
  /** Where each line ends in `bytes`. */
  readonly ends: number[] = [];
  /** Which line of the body each was, counting from 1. */
  readonly numbers: number[] = [];
  /** Undefined until admitted. */
  readonly series: (KnownSeries | undefined)[] = [];
  readonly novel: NovelLine[] = [];
  readonly rejected: RejectedLine[] = [];
  /** Newest timestamp that a line brought with it, milliseconds since 1970. */
  newestMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** The series of the line before, as far as it is known. */
  get last(): KnownSeries | undefined {
    return this.series[this.series.length - 1];
  }

  get count(): number {
    return this.ends.length;
  }

  line(index: number): Buffer {
    return this.bytes.subarray(index === 0 ? 0 : this.ends[index - 1], this.ends[index]);
  }

  /** Room for `size` bytes more. @returns the buffer to write into, from `length` on */
  reserve(size: number): Buffer {
    if (this.length + size > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + size));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    return this.bytes;
  }

  push(end: number, number: number, series: KnownSeries | undefined): void {
    this.length = end;
    this.ends.push(end);
    this.numbers.push(number);
    this.series.push(series);
  }
}
