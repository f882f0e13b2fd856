import type { Refusal } from './refusal.ts';
import type { KnownField, KnownSeries } from './robot-shape.ts';

/** A line that cannot be stored; `line` counts from 1. */
export interface RejectedLine extends Refusal {
  line: number;
}

const [SPACE, MINUS, ZERO] = [32, 45, 48];

/** One body's accepted lines in one buffer, each with sorted tags, a timestamp in nanoseconds and a newline. */
export class StampedLines {
  bytes: Buffer;
  length = 0;
  /** End of each line in `bytes`. */
  readonly ends: number[] = [];
  /** Line number of each in the body, counting from 1. */
  readonly numbers: number[] = [];
  readonly series: KnownSeries[] = [];
  readonly rejected: RejectedLine[] = [];
  /** Series and fields that the catalog did not have when the lines were read. */
  readonly newSeries = new Set<KnownSeries>();
  readonly newFields = new Set<KnownField>();
  /** The new fields of each line that has any, by its index. */
  readonly unsettled: { index: number; fields: KnownField[] }[] = [];
  /** Hours (since 1970) that the lines fall in. */
  readonly hours = new Set<number>();
  #lastHour = Number.NaN;
  /** Newest timestamp sent with a line, milliseconds since 1970. */
  newestMs = Number.NEGATIVE_INFINITY;

  /** Whether times were out of the accepted range. */
  hasStrangeTimes = false;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** @param ms when a line was measured, since 1970 */
  noteTime(ms: number): void {
    const hour = Math.floor(ms / 3_600_000);
    if (hour === this.#lastHour) return;
    this.#lastHour = hour;
    this.hours.add(hour);
  }

  /** The series of the previous line. */
  get last(): KnownSeries | undefined {
    return this.series[this.series.length - 1];
  }

  get count(): number {
    return this.ends.length;
  }

  get hasNews(): boolean {
    return this.newSeries.size + this.newFields.size > 0;
  }

  line(index: number): Buffer {
    return this.bytes.subarray(index === 0 ? 0 : this.ends[index - 1], this.ends[index]);
  }

  /** A line's time, which ends it, milliseconds since 1970. Digit by digit, because a string for each line takes longer. */
  msAt(index: number): number {
    const end = (this.ends[index] as number) - 1;
    let start = end;
    while (this.bytes[start - 1] !== SPACE) start--;
    const isNegative = this.bytes[start] === MINUS;
    let ns = 0;
    for (let at = isNegative ? start + 1 : start; at < end; at++) ns = ns * 10 + ((this.bytes[at] as number) - ZERO);
    return (isNegative ? -ns : ns) / 1e6;
  }

  /** Makes room for `size` more bytes. @returns the buffer to write into, from `length` on */
  reserve(size: number): Buffer {
    if (this.length + size > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + size));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** @param unsettled the line's fields that are not in the catalog yet */
  push(end: number, number: number, series: KnownSeries, unsettled?: KnownField[]): void {
    if (series.id === 0) this.newSeries.add(series);
    if (unsettled && unsettled.length > 0) {
      this.unsettled.push({ index: this.ends.length, fields: unsettled });
      for (const field of unsettled) this.newFields.add(field);
    }
    this.length = end;
    this.ends.push(end);
    this.numbers.push(number);
    this.series.push(series);
  }
}
