import type { SeriesReply } from '../api/types';
import { isAfterGap, newestOf, type Point, tagText } from './series';

export type StateValue = string | boolean;
/** A time in which the series had one value, in ms since 1970. */
export interface StateSpan {
  from: number;
  to: number;
  value: StateValue;
}

/** The values of one boolean or string over a range. */
export interface StateRow {
  id: string;
  measurement: string;
  label: string;
  spans: StateSpan[];
  freshUntil: number;
}

const isState = (value: unknown): value is StateValue => typeof value === 'string' || typeof value === 'boolean';

/** A row for each boolean or string series with values. Its last span ends when the newest value becomes stale. */
export function statesOf({ measurement, every_s, to, series }: SeriesReply): StateRow[] {
  return series.flatMap(({ field, tags, points }) => {
    const said = points.filter((point): point is [number, StateValue] => isState(point[1]));
    if (said.length === 0) return [];
    const label = [field, tagText(tags)].filter(Boolean).join(' ');
    const times = said.map(([time], i): Point => [time, i]);
    const freshUntil = newestOf(times, every_s)?.freshUntil ?? 0;
    const end = Math.min(freshUntil, Date.parse(to));
    const spans = spansOf(said, (i) => isAfterGap(times, i, every_s), end);
    return [{ id: JSON.stringify([measurement, field, tags]), measurement, label, spans, freshUntil }];
  });
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
