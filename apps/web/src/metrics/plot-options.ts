import uPlot from 'uplot';
import type { Format } from '../ui/format';
import { tickSteps, writeTicks } from './axis-ticks';
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

/** The columns as drawn, stacked where the chart is. */
export function plotData(chart: Chart, table: uPlot.AlignedData, hidden = NONE): uPlot.AlignedData {
  if (!chart.stacked) return table;
  const [times, ...columns] = table;
  return [times, ...stacked(columns as (number | null)[][], (i) => !hidden.has(chart.lines[i]?.label ?? ''))];
}

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
      points: { size: 6 },
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
        values: (_plot, times, _axis, _space, step) => times.map((time) => format.mark(time * 1000, step)),
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
          show: !hidden.has(label),
          auto: false,
          points: {
            show: true,
            size: 5,
            fill: stroke,
            filter: (plot: uPlot, line: number) => alone(plot.data[line] ?? []),
          },
        };
      }),
    ],
    plugins: [linePicture()],
    bands: stackBands(chart, hidden),
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
