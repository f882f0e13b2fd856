import { totals } from '../api/figures.json';
import type { SeriesReply } from '../api/types';
import type { Unit } from '../ui/format';
import { isCounter, measureOf, unitOf } from './measurement-units';
import { type Point, tagText, toRates, withGaps } from './series';

export interface Line {
  label: string;
  points: Point[];
}

export interface Chart {
  id: string;
  /** A message key, or the measurement's name. */
  title: string;
  /** Which part of the measurement this is, if it has several charts. */
  part?: string;
  unit: Unit;
  lines: Line[];
  stacked?: boolean;
  /** The scale's upper end, if known. */
  max?: number;
}

type Series = Omit<SeriesReply['series'][number], 'points'> & { points: Point[] };

/** Only numbers can be drawn as lines; with `last`, values can also be booleans and strings. */
const isOfNumbers = (series: SeriesReply['series'][number]): series is Series =>
  series.points.every(([, value]) => value === null || typeof value === 'number');

/** The charts of one measurement: tailored ones if it is known, otherwise one per unit. */
export function chartsOf({ measurement, every_s, series: raw }: SeriesReply): Chart[] {
  const series = raw.filter(isOfNumbers);
  const points = ({ field, points }: Series) =>
    withGaps(isCounter(measurement, field) ? toRates(points) : points, every_s);
  const lines = (wanted: Series[], label: (series: Series) => string) =>
    wanted
      .map((one) => ({ label: label(one), points: points(one) }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  const only = (...fields: string[]) => series.filter(({ field }) => fields.includes(field));
  const byTags = ({ tags }: Series) => tagText(tags);

  switch (measurement) {
    case 'cpu':
      return cpuCharts(series, every_s);
    case 'mem':
      return [{ id: 'mem', title: 'mem', unit: 'percent', max: 100, lines: lines(only('used_percent'), () => 'used') }];
    case 'disk':
      return [
        {
          id: 'disk',
          title: 'disk',
          unit: 'percent',
          max: 100,
          lines: lines(only('used_percent'), ({ tags }) => tags.path ?? tagText(tags)),
        },
      ];
    case 'system':
      return [
        {
          id: 'load',
          title: 'load',
          unit: 'none',
          lines: lines(only('load1', 'load5', 'load15'), ({ field }) => field),
        },
      ];
    case 'temp':
      return [{ id: 'temp', title: 'temp', unit: 'celsius', lines: lines(only('temp'), byTags) }];
    case 'net':
      return [
        {
          id: 'net',
          title: 'net',
          unit: 'bytes_per_second',
          lines: lines(only('bytes_recv', 'bytes_sent'), ({ field, tags }) =>
            `${tags.interface ?? ''} ${field === 'bytes_recv' ? '↓' : '↑'}`.trim(),
          ),
        },
      ];
    default:
      return byMeasure(measurement, series).map(({ id, fields, some }, _i, all) => ({
        id,
        title: measurement,
        part: all.length > 1 ? fields.join(', ') : undefined,
        unit: unitOf(measurement, fields[0] as string),
        lines: lines(some, (one) => [one.field, byTags(one)].filter(Boolean).join(' ')),
      }));
  }
}

function byMeasure(measurement: string, series: Series[]) {
  const groups = Map.groupBy(series, ({ field }) => measureOf(measurement, field));
  return [...groups].map(([measure, some]) => ({
    id: `${measurement}-${measure}`,
    fields: [...new Set(some.map(({ field }) => field))],
    some,
  }));
}

function cpuCharts(series: Series[], everySeconds: number): Chart[] {
  const isWhole = ({ tags }: Series) => (tags[totals.cpu.tag] ?? totals.cpu.value) === totals.cpu.value;
  const whole = series.filter(isWhole);
  const busy = whole.filter(({ field }) => !/idle|guest/.test(field));
  const rest = unnamed(whole, busy);
  const order = ['usage_user', 'usage_system'];
  const rank = ({ field }: Series) => (order.indexOf(field) + 1 || 9) as number;
  const total = busy
    .sort((a, b) => rank(a) - rank(b))
    .map(({ field, points }) => ({ label: field.replace('usage_', ''), points: withGaps(points, everySeconds) }));
  if (rest.some(([, value]) => (value ?? 0) >= WORTH_SHOWING))
    total.push({ label: 'other', points: withGaps(rest, everySeconds) });
  const cores = series
    .filter((one) => one.field === 'usage_idle' && !isWhole(one))
    .map(({ tags, points }) => ({
      label: tags.cpu ?? '',
      points: withGaps(
        points.map(([time, idle]) => [time, idle === null ? null : rounded(100 - idle)]),
        everySeconds,
      ),
    }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  const charts: Chart[] = [{ id: 'cpu', title: 'cpu', unit: 'percent', max: 100, stacked: true, lines: total }];
  if (cores.length > 0) charts.push({ id: 'cores', title: 'cores', unit: 'percent', max: 100, lines: cores });
  return charts;
}

/** Removes the floating-point error of a subtraction. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

const WORTH_SHOWING = 0.5;

/** CPU time that the agent did not report as any part, so that the parts always add up to all that is not idle. */
function unnamed(whole: Series[], busy: Series[]): Point[] {
  const idle = whole.find(({ field }) => field === 'usage_idle')?.points ?? [];
  const parts = busy.map(({ points }) => new Map(points));
  return idle.map(([time, value]) => {
    const named = parts.reduce((sum, part) => sum + (part.get(time) ?? 0), 0);
    return [time, value === null ? null : Math.max(0, rounded(100 - value - named))];
  });
}

/** Ours first, in this order, then everything else that the robot sends. */
const ORDER = ['cpu', 'mem', 'system', 'temp', 'disk', 'net'];
export function inOrder(measurements: string[]): string[] {
  const rank = (name: string) => (ORDER.indexOf(name) + 1 || ORDER.length + 1) as number;
  return [...measurements].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
