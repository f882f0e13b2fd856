import type uPlot from 'uplot';
import type { Span } from './time-range';

/** A stretch of time to be seen behind the lines, such as while an alert was firing. `to` may be Infinity. */
export interface MarkedSpan extends Span {
  name?: string;
  severity: 'info' | 'warning' | 'critical';
}

/** What is drawn behind a chart's lines: stretches of time, and values that matter, in the chart's unit. */
export interface ChartMarks {
  spans: MarkedSpan[];
  limits: number[];
}

const COLOURS = {
  light: { info: '#0284c7', warning: '#d97706', critical: '#dc2626' },
  dark: { info: '#38bdf8', warning: '#fbbf24', critical: '#f87171' },
};
const FILL = '1f';
/** A moment is seen, too. */
const LEAST_PX = 2;

/** A uPlot plugin that draws the marks of this moment behind the lines; `redraw` the plot when they change. */
export function chartMarks(marks: () => ChartMarks | undefined, dark: boolean): uPlot.Plugin {
  const colours = COLOURS[dark ? 'dark' : 'light'];
  return {
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        const { spans = [], limits = [] } = marks() ?? {};
        ctx.save();
        for (const span of spans) {
          const left = Math.max(bbox.left, plot.valToPos(span.from / 1000, 'x', true));
          const end = Number.isFinite(span.to) ? plot.valToPos(span.to / 1000, 'x', true) : Number.POSITIVE_INFINITY;
          const right = Math.min(bbox.left + bbox.width, Math.max(end, left + LEAST_PX));
          if (right <= left) continue;
          ctx.fillStyle = colours[span.severity] + FILL;
          ctx.fillRect(left, bbox.top, right - left, bbox.height);
          ctx.fillStyle = colours[span.severity];
          ctx.fillRect(left, bbox.top + bbox.height - LEAST_PX, right - left, LEAST_PX);
        }
        ctx.setLineDash([4, 4]);
        ctx.strokeStyle = colours.critical;
        for (const limit of limits) {
          const y = plot.valToPos(limit, 'y', true);
          if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
          ctx.beginPath();
          ctx.moveTo(bbox.left, y);
          ctx.lineTo(bbox.left + bbox.width, y);
          ctx.stroke();
        }
        ctx.restore();
      },
    },
  };
}
