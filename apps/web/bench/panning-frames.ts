import type { CDPSession, Page } from 'playwright-core';

/** Times between frames in ms, and the main thread's work per frame. */
export interface Frames {
  deltas: number[];
  scriptMs: number;
  taskMs: number;
}

export interface Round {
  firstDraw: number;
  wheel: Frames;
  drag: Frames;
  /** The machine's load at the start of the round. */
  load: number;
}

interface Observed {
  frameTimes: number[];
  canvasDrawn: number;
}

/** Runs in the page before its own code. Records every frame, and when the newest canvas was painted. */
export function observeFrames(): void {
  const observed = window as unknown as Observed;
  observed.frameTimes = [];
  const frame = (time: number) => {
    observed.frameTimes.push(time);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const seen = new WeakSet<Element>();
  new MutationObserver(() => {
    const canvases = [...document.querySelectorAll('[data-chart] canvas')].filter((canvas) => !seen.has(canvas));
    for (const canvas of canvases) seen.add(canvas);
    // The second frame begins after the first, with the canvas, has been painted.
    if (canvases.length > 0)
      requestAnimationFrame(() => requestAnimationFrame((time) => (observed.canvasDrawn = time)));
  }).observe(document, { childList: true, subtree: true });
}

/** From the last byte of the charts' data to the frame after the last canvas was drawn. Later refetches do not count. */
export function firstDrawMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { canvasDrawn } = window as unknown as Observed;
    const replies = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const data = replies.filter(({ name, responseEnd }) => /\/metrics\/\w+\?/.test(name) && responseEnd <= canvasDrawn);
    return canvasDrawn - Math.max(...data.map(({ responseEnd }) => responseEnd));
  });
}

const totals = new WeakMap<Page, Record<string, number>>();

/** What was recorded since the last call. */
export async function takeFrames(page: Page, cdp: CDPSession): Promise<Frames> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const times = await page.evaluate(() => [...(window as unknown as Observed).frameTimes.splice(0), performance.now()]);
  const now = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  const before = totals.get(page) ?? now;
  totals.set(page, now);
  const perFrame = (name: string) => (((now[name] ?? 0) - (before[name] ?? 0)) * 1000) / Math.max(1, times.length);
  const deltas = times.slice(1).map((time, i) => time - (times[i] as number));
  return { deltas, scriptMs: perFrame('ScriptDuration'), taskMs: perFrame('TaskDuration') };
}

const quantile = (values: number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const median = (values: number[]) => quantile(values, 0.5);
/** Frames are 16.7 ms apart; the margin allows for clock jitter. */
const LATE_MS = 18;
const MISSED_MS = 33;
const share = (values: number[], limit: number) => values.filter((value) => value > limit).length / values.length;

export const summary = ({ deltas, scriptMs, taskMs }: Frames) =>
  `${deltas.length} frames, median ${median(deltas).toFixed(1)}, p95 ${quantile(deltas, 0.95).toFixed(1)}, script ${scriptMs.toFixed(1)}, main thread ${taskMs.toFixed(1)} ms`;

/** A Markdown table with the median and the best of the rounds. */
export function table(machine: string, rounds: Round[]) {
  const row = (name: string, of: (round: Round) => number, digits = 1) => {
    const all = rounds.map(of);
    return `| ${name} | ${median(all).toFixed(digits)} | ${Math.min(...all).toFixed(digits)} | ${Math.max(...all).toFixed(digits)} |`;
  };
  const hands = (['wheel', 'drag'] as const).flatMap((hand) => [
    row(`${hand}: median frame, ms`, (round) => median(round[hand].deltas)),
    row(`${hand}: p95 frame, ms`, (round) => quantile(round[hand].deltas, 0.95)),
    row(`${hand}: frames over ${LATE_MS} ms, %`, (round) => 100 * share(round[hand].deltas, LATE_MS)),
    row(`${hand}: frames over ${MISSED_MS} ms, %`, (round) => 100 * share(round[hand].deltas, MISSED_MS)),
    row(`${hand}: script a frame, ms`, (round) => round[hand].scriptMs),
    row(`${hand}: main thread a frame, ms`, (round) => round[hand].taskMs),
  ]);
  const head = [
    `${machine}; ${rounds.length} rounds`,
    '',
    '| what | median | best | worst |',
    '| --- | --- | --- | --- |',
  ];
  const rest = [
    row('first draw, ms', ({ firstDraw }) => firstDraw, 0),
    ...hands,
    row('load average', (r) => r.load, 2),
  ];
  return `${[...head, ...rest].join('\n')}\n`;
}
