/** Presets of the range picker, in seconds. */
export const PRESETS = {
  '15m': 900,
  '1h': 3600,
  '3h': 10_800,
  '6h': 21_600,
  '12h': 43_200,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
  '90d': 7_776_000,
  '365d': 31_536_000,
} as const;
export type Preset = keyof typeof PRESETS;

/** Either a preset, which follows the clock, or two fixed times in ms since 1970. */
export type TimeRange = { preset: Preset } | { from: number; to: number };
export interface Span {
  from: number;
  to: number;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const MAX_POINTS = 720;
const SHORTEST_MS = 5_000;
/** Robots report a few times a minute: from this step on, a point stands for several reports. */
export const COARSE_S = 60;
/** From this step on, the server has the lowest and highest values ready. */
export const LONG_STEP_S = 3600;
/** Counters are read at least this often: over a longer step, a restart a day would leave no rate at all. */
export const COUNTER_STEP_S = 10_800;

export const isPreset = (range: TimeRange): range is { preset: Preset } => 'preset' in range;

/** Parses `range=1h`, or `from` and `to` in RFC 3339. Invalid input gives the fallback. */
export function parseRange(query: Record<string, unknown>, fallback: Preset): TimeRange {
  const [from, to] = [Date.parse(String(query.from)), Date.parse(String(query.to))];
  if (from < to) return { from, to };
  return { preset: String(query.range) in PRESETS ? (query.range as Preset) : fallback };
}

export function rangeQuery(range: TimeRange, fallback: Preset): Record<'range' | 'from' | 'to', string | undefined> {
  if (isPreset(range))
    return { range: range.preset === fallback ? undefined : range.preset, from: undefined, to: undefined };
  return { range: undefined, from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
}

export function spanOf(range: TimeRange, now: number): Span {
  return isPreset(range) ? { from: now - PRESETS[range.preset] * 1000, to: now } : { from: range.from, to: range.to };
}

export const lengthMs = ({ from, to }: Span) => to - from;

/** Seconds per point, so that a chart has a point for every pixel or two. */
export function stepSeconds(span: Span): number {
  const seconds = lengthMs(span) / 1000;
  return STEPS_S.find((step) => seconds / step <= MAX_POINTS) ?? Math.ceil(seconds / MAX_POINTS / 86_400) * 86_400;
}

/** Moved by a share of its length, but not further into the future than it already is. */
export function shifted(span: Span, share: number, now: number): Span {
  const move = Math.min(lengthMs(span) * share, Math.max(0, now - span.to));
  return { from: Math.round(span.from + move), to: Math.round(span.to + move) };
}

/** `factor` times as long, with the same middle. */
export function scaled(span: Span, factor: number, now: number): Span {
  const [middle, half] = [(span.from + span.to) / 2, Math.max(SHORTEST_MS, lengthMs(span) * factor) / 2];
  const to = Math.min(Math.max(now, span.to), middle + half);
  return { from: Math.round(to - 2 * half), to: Math.round(to) };
}

/** More than the error of the measured shift. */
const BEYOND_MS = 30_000;
const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;
/** The largest count that the API accepts. */
const LARGEST_COUNT = 9_999_999;

/**
 * The API's parameters for a range by a clock that is `shiftMs` ahead of the server's. They stay the same as time passes.
 * `aheadMs`: for a preset, how far the end of the range is ahead of the server's clock.
 */
export function spanQuery(range: TimeRange, shiftMs: number): { from: string; to?: string; aheadMs?: number } {
  if (!isPreset(range)) return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
  if (shiftMs === 0) return { from: `-${range.preset}`, aheadMs: 0 };
  const end = shiftMs + BEYOND_MS;
  const begin = shiftMs - PRESETS[range.preset] * 1000;
  const largest = Math.max(Math.abs(end), Math.abs(begin));
  const unit = (['s', 'm'] as const).find((unit) => largest / UNITS[unit] < LARGEST_COUNT) ?? 'h';
  const to = Math.ceil(end / UNITS[unit]);
  return { from: `${Math.floor(begin / UNITS[unit])}${unit}`, to: `${to}${unit}`, aheadMs: to * UNITS[unit] };
}
