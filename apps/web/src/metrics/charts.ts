import { totals } from '../api/figures.json';
import type { SeriesReply } from '../api/types';
import type { Unit } from '../ui/format';
import { isCounter, measureOf, rateScaleOf, unitOf } from './measurement-units';
import { type Point, tagText, toRates, withGaps } from './series';

export interface Line {
  label: string;
  points: Point[];
  /** The lowest and highest values by time, where a point stands for many. Of a stack, only the highest, of all of it. */
  band?: { low?: Map<number, number | null>; high: Map<number, number | null> };
}

/** With `low` and `high`, the extremes of what `series` has the means of. */
export type Charted = SeriesReply & { low?: SeriesReply['series']; high?: SeriesReply['series'] };

/** More bands than these cannot be told apart. */
const MOST_BANDS = 4;
const keyOf = ({ field, tags }: { field: string; tags: Record<string, string> }) => JSON.stringify([field, tags]);
/** Values by time, by series. */
const valuesOf = (series: SeriesReply['series'] = []) =>
  new Map(series.filter(isOfNumbers).map((one) => [keyOf(one), new Map(one.points)]));

export interface Chart {
  id: string;
  /** A message key, or the measurement's name. */
  title: string;
  /** Which part of the measurement this is, if it has several charts: its fields, separated by commas. */
  part?: string;
  /** Instead of the fields' names, a message key for what they are. */
  partName?: string;
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
export function chartsOf(reply: Charted): Chart[] {
  return chartsOfMeans(reply).map((chart) =>
    chart.lines.length > MOST_BANDS && !chart.stacked
      ? { ...chart, lines: chart.lines.map(({ label, points }) => ({ label, points })) }
      : chart,
  );
}

function chartsOfMeans({ measurement, every_s, series: raw, low, high }: Charted): Chart[] {
  const [lowest, highest] = [valuesOf(low), valuesOf(high)];
  const bandOf = (one: Series) => {
    const [from, to] = [lowest.get(keyOf(one)), highest.get(keyOf(one))];
    return to && { low: from, high: to };
  };
  const series = raw.filter(isOfNumbers);
  const points = ({ field, points }: Series) =>
    withGaps(isCounter(measurement, field) ? rates(points, rateScaleOf(measurement, field)) : points, every_s);
  const lines = (wanted: Series[], label: (series: Series) => string) =>
    wanted
      .map((one) => ({ label: label(one), points: points(one), band: bandOf(one) }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  const only = (...fields: string[]) => series.filter(({ field }) => fields.includes(field));
  const byTags = ({ tags }: Series) => tagText(tags);

  switch (measurement) {
    case 'cpu':
      return cpuCharts(series, every_s, lowest);
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
    case 'power_supply':
    case 'ros_battery':
      return batteryCharts(measurement, lines, only);
    // Its levels are shown as states.
    case 'ros_diagnostics':
      return [];
    case 'robowatch_agent':
      return agentCharts(lines, only);
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

const BATTERY_FIELDS = ['percent', 'volt', 'ampere', 'watt', 'temperature_c', 'lowest_cell_volt'];

/** A chart for each field, with a line for each battery. */
function batteryCharts(
  measurement: string,
  lines: (wanted: Series[], label: (series: Series) => string) => Line[],
  only: (...fields: string[]) => Series[],
): Chart[] {
  return BATTERY_FIELDS.map((field) => ({
    ...{ id: `${measurement}-${field}`, title: measurement, part: field, partName: field },
    unit: unitOf(measurement, field),
    ...(field === 'percent' ? { max: 100 } : {}),
    lines: lines(only(field), ({ tags }) => tagText(tags) || field),
  })).filter((chart) => chart.lines.length > 0);
}

/** Nothing for a robot that has not had to keep anything. */
function agentCharts(
  lines: (wanted: Series[], label: (series: Series) => string) => Line[],
  only: (...fields: string[]) => Series[],
): Chart[] {
  const charts: Chart[] = [
    {
      id: 'agent-points',
      title: 'agentPoints',
      unit: 'none',
      lines: lines(only('buffered_points', 'dropped_points'), ({ field }) => field),
    },
    {
      id: 'agent-bytes',
      title: 'agentBytes',
      unit: 'bytes',
      lines: lines(only('buffered_bytes'), ({ field }) => field),
    },
    { id: 'agent-age', title: 'agentAge', unit: 'seconds', lines: lines(only('oldest_age_s'), ({ field }) => field) },
  ];
  return charts.filter((chart) => chart.lines.some(({ points }) => points.some(([, value]) => value)));
}

function byMeasure(measurement: string, series: Series[]) {
  const groups = Map.groupBy(series, ({ field }) => measureOf(measurement, field));
  return [...groups].map(([measure, some]) => ({
    id: `${measurement}-${measure}`,
    fields: [...new Set(some.map(({ field }) => field))],
    some,
  }));
}

function cpuCharts(series: Series[], everySeconds: number, lowest: ReturnType<typeof valuesOf>): Chart[] {
  const isWhole = ({ tags }: Series) => (tags[totals.cpu.tag] ?? totals.cpu.value) === totals.cpu.value;
  const whole = series.filter(isWhole);
  const busy = whole.filter(({ field }) => !/idle|guest/.test(field));
  const rest = unnamed(whole, busy);
  const order = ['usage_user', 'usage_system'];
  const rank = ({ field }: Series) => (order.indexOf(field) + 1 || 9) as number;
  const total: Line[] = busy
    .sort((a, b) => rank(a) - rank(b))
    .map(({ field, points }) => ({ label: field.replace('usage_', ''), points: withGaps(points, everySeconds) }));
  if (rest.some(([, value]) => (value ?? 0) >= WORTH_SHOWING))
    total.push({ label: 'other', points: withGaps(rest, everySeconds) });
  const idle = whole.find(({ field }) => field === 'usage_idle');
  const leastIdle = idle && lowest.get(keyOf(idle));
  const top = total.at(-1);
  // What is idle is not drawn: the busiest moment is when the least was idle.
  if (top && leastIdle)
    top.band = {
      high: new Map([...leastIdle].map(([time, value]) => [time, value === null ? null : rounded(100 - value)])),
    };
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

function rates(points: Point[], scale: number): Point[] {
  const perSecond = toRates(points);
  if (scale === 1) return perSecond;
  return perSecond.map(([time, value]) => [time, value === null ? null : rounded(value * scale)]);
}

/** Removes the floating-point error of a subtraction or a scale. */
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
