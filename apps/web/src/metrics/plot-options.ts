import uPlot from 'uplot';
import type { Format } from '../ui/format';
import { tickSteps, writeTicks } from './axis-ticks';
import { type ChartMarks, chartMarks } from './chart-marks';
import type { Chart } from './charts';
import { linePicture } from './line-picture';
import { stacked } from './series';
import { extremes, yRange } from './y-range';

/** Eight hues that colour-blind people can tell apart, on both backgrounds. */
const PALETTE = {
  light: ['#2563eb', '#c2570c', '#0f8a5f', '#b5267b', '#7c3aed', '#0e7490', '#5b7a00', '#b91c1c'],
  dark: ['#60a5fa', '#fb923c', '#34d399', '#f472b6', '#a78bfa', '#22d3ee', '#a3e635', '#f87171'],
};
const INK = {
  light: { text: '#52525b', grid: '#e4e4e7' },
  dark: { text: '#a1a1aa', grid: '#27272a' },
};

export const HUES = PALETTE.light.length;
export const lineColour = (index: number, dark: boolean) => {
  const palette = PALETTE[dark ? 'dark' : 'light'];
  return palette[index % palette.length] as string;
};

/** Shared times, in seconds, followed by a column for each line. */
export function tableOf({ lines }: Chart): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  return uPlot.join(lines.map(({ points }) => [points.map(([time]) => time / 1000), points.map(([, value]) => value)]));
}

type Hidden = ReadonlySet<string>;
const NONE: Hidden = new Set();

/** The edges of the lines' bands, which are series of the plot after the lines, and what each is drawn to. */
export function edgesOf({ lines }: Chart) {
  let next = lines.length + 1;
  return lines.flatMap(({ label, band }, i) => {
    if (!band) return [];
    const values = [...(band.low ? [band.low] : []), band.high];
    const high = next + values.length - 1;
    const fill: uPlot.Band['series'] = [high, band.low ? next : i + 1];
    next += values.length;
    return [{ line: i, label, values, fill }];
  });
}

/** The columns as drawn, stacked where the chart is, with the edges of bands. */
export function plotData(chart: Chart, table: uPlot.AlignedData, hidden = NONE): uPlot.AlignedData {
  const [times, ...columns] = table;
  // Like its line, a band ends where nothing is known.
  const edges = edgesOf(chart).flatMap(({ line, values }) =>
    values.map((byTime) =>
      Array.from(times, (time, i) => (columns[line]?.[i] === null ? null : byTime.get(Math.round(time * 1000)))),
    ),
  );
  const isShown = (i: number) => !hidden.has(chart.lines[i]?.label ?? '');
  const drawn = chart.stacked ? stacked(columns as (number | null)[][], isShown) : columns;
  return [times, ...drawn, ...edges] as uPlot.AlignedData;
}

/** The edges of a stack are those of all of it. */
const showsEdge = (chart: Chart, label: string, hidden: Hidden) =>
  chart.stacked ? !chart.lines.some((line) => hidden.has(line.label)) : !hidden.has(label);

/** Which of the plot's series are shown, in their order, without that of times. */
export const shownSeries = (chart: Chart, hidden: Hidden): boolean[] => [
  ...chart.lines.map(({ label }) => !hidden.has(label)),
  ...edgesOf(chart).flatMap(({ label, values }) => values.map(() => showsEdge(chart, label, hidden))),
];

/** Fills each visible line of a stack down to the visible one below. */
export function stackBands({ lines, stacked }: Chart, hidden = NONE): uPlot.Band[] {
  const shown = lines.flatMap(({ label }, i) => (stacked && !hidden.has(label) ? [i + 1] : []));
  return shown.slice(1).map((upper, i) => ({ series: [upper, shown[i] as number] }));
}

/** Indexes of isolated values, which are drawn as points. Undefined: a time of another line. */
export function alone(column: ArrayLike<number | null | undefined>): number[] {
  const told = Array.from(column, (value, i) => ({ value, i })).filter(({ value }) => value !== undefined);
  const isValue = (at: number) => told[at] !== undefined && told[at].value !== null;
  return told.flatMap(({ i }, at) => (isValue(at) && !isValue(at - 1) && !isValue(at + 1) ? [i] : []));
}

export interface PlotHooks {
  onCursor(index: number | null): void;
  onSelect(fromMs: number, toMs: number): void;
  /** Values of a larger magnitude do not widen the axis. */
  limit(): number | undefined;
  /** What is drawn behind the lines. */
  marks(): ChartMarks | undefined;
}

const FONT = '11px "Inter Variable", sans-serif';
const AXIS_PX = 64;
/** Space around the tick labels. */
const AROUND_MARKS_PX = 9;

/** As wide as its tick labels, because a cut number reads as another number. */
export function axisWidth({ ctx }: Pick<uPlot, 'ctx'>, marks: string[] | null): number {
  ctx.save();
  ctx.font = FONT;
  const widest = Math.max(0, ...(marks ?? []).map((mark) => ctx.measureText(mark ?? '').width));
  ctx.restore();
  return Math.max(AXIS_PX, Math.ceil(widest) + AROUND_MARKS_PX);
}

export function plotOptions(
  chart: Chart,
  {
    dark,
    width,
    height,
    format,
    hidden,
  }: {
    dark: boolean;
    width: number;
    height: number;
    format: Format;
    hidden: Hidden;
  },
  hooks: PlotHooks,
): uPlot.Options {
  const ink = INK[dark ? 'dark' : 'light'];
  const edges = edgesOf(chart);
  const shown = shownSeries(chart, hidden);
  const axis = {
    stroke: ink.text,
    font: FONT,
    grid: { stroke: ink.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      sync: { key: 'robot', scales: ['x', null] },
      points: { size: (_plot, series) => (series > chart.lines.length ? 0 : 6) },
      y: false,
    },
    scales: {
      x: { time: true },
      y: { range: (plot) => yRange(extremes(plot, hooks.limit()), chart.max) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        values: (_plot, times, _axis, _space, step) =>
          times.map((time, i) => format.mark(time * 1000, step, times[i - 1] && (times[i - 1] as number) * 1000)),
        space: 70,
      },
      {
        ...axis,
        size: axisWidth,
        space: 32,
        incrs: tickSteps(chart.unit),
        values: (_plot, values, _axis, _space, step) => writeTicks(format, chart.unit, values, step),
      },
    ],
    series: [
      {},
      ...chart.lines.map(({ label }, i) => {
        const stroke = lineColour(i, dark);
        return {
          label,
          stroke,
          width: 1.4,
          fill: chart.stacked ? `${stroke}33` : undefined,
          show: shown[i],
          auto: false,
          points: {
            show: true,
            size: 5,
            fill: stroke,
            filter: (plot: uPlot, line: number) => alone(plot.data[line] ?? []),
          },
        };
      }),
      ...shown.slice(chart.lines.length).map((show) => ({ show, width: 0, auto: false, points: { show: false } })),
    ],
    plugins: [chartMarks(hooks.marks, dark), linePicture()],
    bands: [
      ...stackBands(chart, hidden),
      ...edges.map(({ line, fill }) => ({ series: fill, fill: `${lineColour(line, dark)}40` })),
    ],
    hooks: {
      setCursor: [(plot) => hooks.onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select;
          if (selected < 4) return;
          hooks.onSelect(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + selected, 'x') * 1000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}
