import uPlot from 'uplot';

/** How far the image extends beyond the view on each side at most, as a share of the view. */
const REACH = 0.5;
/** Relative rounding error of floating-point seconds since 1970: scales that differ by less are equal. */
const SAME = 1e-6;

interface Picture {
  canvas: HTMLCanvasElement;
  from: number;
  to: number;
  secondsPerPixel: number;
  height: number;
  y: [min: number, max: number];
}

/**
 * A uPlot plugin. Drawing thousands of points takes longer than a frame, moving an image takes almost no time: uPlot draws
 * the lines once, on a canvas larger than the view, and the plot shows the visible part of it. The y scale must depend
 * only on the data, not on the view.
 */
export function linePicture(): uPlot.Plugin {
  let picture: Picture | undefined;
  let lines: uPlot.Options;
  const forget = () => {
    picture = undefined;
  };
  return {
    opts: (_plot, options) => {
      const none = { show: false };
      lines = { ...options, axes: [none, none], cursor: none, padding: [0, 0, 0, 0], plugins: [], hooks: {} };
      return { ...options, series: options.series.map((one) => ({ ...one, paths: () => null, points: none })) };
    },
    hooks: {
      setData: forget,
      setSeries: forget,
      drawAxes: (plot) => {
        if (plot.data[0].length === 0) return;
        if (!picture || !showsView(picture, plot)) picture = draw(plot, lines);
        const { left, top, width, height } = plot.bbox;
        const offset = Math.round((viewOf(plot).from - picture.from) / picture.secondsPerPixel);
        plot.ctx.drawImage(picture.canvas, offset, 0, width, height, left, top, width, height);
      },
    },
  };
}

function draw(plot: uPlot, lines: uPlot.Options): Picture {
  const { from: start, to: end, y } = viewOf(plot);
  const { width, height } = plot.bbox;
  const reach = (end - start) * REACH;
  const secondsPerPixel = (end - start) / width;
  const [first, last] = extent(plot);
  const before = Math.ceil(Math.min(reach, Math.max(0, start - first)) / secondsPerPixel);
  const after = Math.ceil(Math.min(reach, Math.max(0, last - end)) / secondsPerPixel);
  const [from, to] = [start - before * secondsPerPixel, end + after * secondsPerPixel];
  const options: uPlot.Options = {
    ...lines,
    width: (before + width + after) / uPlot.pxRatio,
    height: height / uPlot.pxRatio,
    series: lines.series.map((one, i) => ({ ...one, show: plot.series[i]?.show })),
    scales: { x: { time: true, range: () => [from, to] }, y: { range: () => y } },
  };
  // A batch makes uPlot draw synchronously instead of in a microtask.
  const drawn = new uPlot(options, plot.data, (self, init) => self.batch(init));
  drawn.destroy();
  return { canvas: drawn.ctx.canvas, from, to, secondsPerPixel, height, y };
}

/** Whether the image covers the whole view at its size and scales. */
function showsView(picture: Picture, plot: uPlot): boolean {
  const { from, to, y } = viewOf(plot);
  const { width, height } = plot.bbox;
  const [first, last] = extent(plot);
  const isSameScale = Math.abs((to - from) / width / picture.secondsPerPixel - 1) < SAME;
  const isSameSize = height === picture.height && y[0] === picture.y[0] && y[1] === picture.y[1];
  const margin = picture.secondsPerPixel;
  const reaches = Math.max(from, first) >= picture.from - margin && Math.min(to, last) <= picture.to + margin;
  return isSameScale && isSameSize && reaches;
}

function viewOf({ scales: { x, y } }: uPlot) {
  return { from: x?.min as number, to: x?.max as number, y: [y?.min, y?.max] as [min: number, max: number] };
}
const extent = ({ data: [times] }: uPlot) => [times[0] as number, times.at(-1) as number] as const;
