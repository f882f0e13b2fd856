import type { SeriesReply } from '../api/types';
import { isAfterGap, newestOf, type Point, tagText } from './series';
import { type Severity, severitiesOf } from './severities';

export type StateValue = string | boolean;
/** A time in which the series had one value, in ms since 1970. */
export interface StateSpan {
  from: number;
  to: number;
  value: StateValue;
}

const DIAGNOSTICS = 'ros_diagnostics';
/** Fields that the panel of the device shows. */
const OF_DEVICE = new Set(['model', 'os', 'kernel', 'agent', 'serial'].map((field) => `inventory ${field}`));

/** The values of one boolean or string over a range. */
export interface StateRow {
  id: string;
  measurement: string;
  field: string;
  label: string;
  /** What was said with the newest value. */
  note?: string;
  /** What the values mean, if that is known. */
  severities?: Record<string, Severity>;
  spans: StateSpan[];
  freshUntil: number;
}

const isState = (value: unknown): value is StateValue => typeof value === 'string' || typeof value === 'boolean';

/** A row for each boolean or string series with values. Its last span ends when the newest value becomes stale. */
export function statesOf({ measurement, every_s, to, series: all }: SeriesReply): StateRow[] {
  const isOfComponents = measurement === DIAGNOSTICS;
  const series = isOfComponents ? all.filter(({ field }) => field === 'state') : all;
  return series.flatMap(({ field, tags, points }) => {
    if (OF_DEVICE.has(`${measurement} ${field}`)) return [];
    const said = points.filter((point): point is [number, StateValue] => isState(point[1]));
    if (said.length === 0) return [];
    const label = [isOfComponents ? '' : field, tagText(tags)].filter(Boolean).join(' ');
    const times = said.map(([time], i): Point => [time, i]);
    const freshUntil = newestOf(times, every_s)?.freshUntil ?? 0;
    const end = Math.min(freshUntil, Date.parse(to));
    const spans = spansOf(said, (i) => isAfterGap(times, i, every_s), end);
    const severities = severitiesOf(measurement, field);
    const id = JSON.stringify([measurement, field, tags]);
    const row = { id, measurement, field, label, spans, freshUntil, ...(severities && { severities }) };
    if (!isOfComponents) return [row];
    const messages = all.find((one) => one.field === 'message' && tagText(one.tags) === tagText(tags));
    const note = messages?.points.findLast(([, value]) => value !== null)?.[1];
    return [{ ...row, ...(typeof note === 'string' && note ? { note } : {}) }];
  });
}

const RANKS: Record<Severity, number> = { error: 0, unknown: 1, warning: 2, good: 3 };
const NEUTRAL = RANKS.good;
const severityIn = ({ severities = {} }: StateRow, value: StateValue | undefined): Severity | undefined =>
  Object.hasOwn(severities, String(value)) ? severities[String(value)] : undefined;

/** How a value looks: by what it means, if that is known; `neutral` if it is nothing in particular; otherwise it has a hue. */
export function lookOf(row: StateRow, value: StateValue): Severity | 'neutral' | undefined {
  const isNothing = value === false || (typeof value === 'string' && value.trim() === '');
  return severityIn(row, value) ?? (isNothing ? 'neutral' : undefined);
}

/** By what is wrong now, then by name. */
export function byUrgency(rows: StateRow[]): StateRow[] {
  const rank = (row: StateRow) => {
    const severity = severityIn(row, row.spans.at(-1)?.value);
    return severity ? RANKS[severity] : NEUTRAL;
  };
  return rows.toSorted((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id, 'en', { numeric: true }));
}

function spansOf(said: [number, StateValue][], isGapBefore: (i: number) => boolean, end: number): StateSpan[] {
  const spans: StateSpan[] = [];
  for (const [i, [from, value]] of said.entries()) {
    const next = said[i + 1]?.[0] ?? Math.max(end, from);
    const to = isGapBefore(i + 1) ? from : next;
    const before = spans.at(-1);
    if (before && before.to === from && before.value === value) before.to = to;
    else spans.push({ from, to, value });
  }
  return spans;
}

/** A hue for each text, stable as the range moves. Texts of a row share one only if there are more texts than hues. */
export function huesOf(spans: StateSpan[], hues: number): Map<string, number> {
  const taken = new Map<string, number>();
  for (const text of [...new Set(spans.map(({ value }) => String(value)))].sort()) {
    let hue = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7) % hues;
    const used = new Set(taken.values());
    while (used.has(hue) && used.size < hues) hue = (hue + 1) % hues;
    taken.set(text, hue);
  }
  return taken;
}
