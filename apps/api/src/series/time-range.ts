import { AppError } from '../errors.ts';

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const AUTO_POINTS = 400;
const MAX_POINTS = 20_000;
const MAX_SPAN_MS = 3700 * 86_400_000;
/** 64-bit nanoseconds cover 1677 to 2262; one more window must fit. */
const [EARLIEST, LATEST] = [1700, 2250];

/** Parses RFC 3339, `now` or a relative time (`-1h`, `-15m`) to milliseconds. @throws AppError validation_failed */
export function readTime(name: string, text: string, now = Date.now()): number {
  const time = parseTime(text, now);
  if (time === undefined)
    throw new AppError(
      'validation_failed',
      `${name} must be RFC 3339 such as 2030-01-31T12:00:00Z, or relative such as -1h, not "${text.slice(0, 60)}".`,
    );
  if (time < Date.UTC(EARLIEST) || time >= Date.UTC(LATEST))
    throw new AppError('validation_failed', `${name} must be between the years ${EARLIEST} and ${LATEST}.`);
  return time;
}

function parseTime(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  const relative = /^([+-]?)(\d{1,7})([smhdw])$/.exec(text);
  if (relative)
    return now + (relative[1] === '-' ? -1 : 1) * Number(relative[2]) * (UNIT_MS[relative[3] as string] as number);
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

/** @throws AppError validation_failed */
export function readRange(query: { from?: string; to?: string }): { from: number; to: number } {
  const now = Date.now();
  const from = readTime('from', query.from ?? '-1h', now);
  const to = readTime('to', query.to ?? 'now', now);
  if (from >= to) throw new AppError('validation_failed', 'from must be before to.', { reason: 'range_reversed' });
  if (to - from > MAX_SPAN_MS)
    throw new AppError('validation_failed', 'The range may span at most ten years.', { reason: 'range_too_long' });
  return { from, to };
}

/** Parses `auto` or a duration to seconds. @throws AppError validation_failed when there would be too many windows */
export function readEvery(text: string | undefined, { from, to }: { from: number; to: number }): number {
  const span = (to - from) / 1000;
  if (!text || text === 'auto')
    return STEPS_S.find((step) => span / step <= AUTO_POINTS) ?? Math.ceil(span / AUTO_POINTS / 86_400) * 86_400;
  const match = /^(\d{1,7})([smhdw]?)$/.exec(text);
  const every = match ? (Number(match[1]) * (UNIT_MS[match[2] || 's'] as number)) / 1000 : 0;
  if (every < 1)
    throw new AppError(
      'validation_failed',
      `every must be auto or a duration of at least 1s such as 30s or 5m, not "${text.slice(0, 60)}".`,
    );
  if (every * 1000 > MAX_SPAN_MS) throw new AppError('validation_failed', 'every may be at most ten years.');
  if (span / every > MAX_POINTS)
    throw new AppError(
      'validation_failed',
      `every is too short for this range: more than ${MAX_POINTS} points. Choose a longer one, or auto.`,
    );
  return every;
}
