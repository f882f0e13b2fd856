/** Times in ms since 1970, ascending; null: nothing known from here on. */
export type Point = [time: number, value: number | null];

/** What tells a series from others of its field. Telegraf names the computer in `host`, unless told not to: the robot's page says it already. */
export const tagText = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .flatMap(([name, value]) => (name === 'host' ? [] : [value]))
    .join(' ');

const GAP_FACTOR = 2.5;
/** Distances on either side that tell what is usual there: a robot may come to report more often, or less. */
const NEIGHBOURS = 3;

/** The median of the distances, in ms, that end at the points from `first` to `last`; 0 when there are none. */
function usualDistance(points: Point[], first: number, last: number): number {
  const distances: number[] = [];
  for (let i = Math.max(1, first); i <= Math.min(last, points.length - 1); i++)
    distances.push((points[i] as Point)[0] - (points[i - 1] as Point)[0]);
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
}

/** How many steps a series may be silent before what it said last counts as old. */
const FRESH_STEPS = 5;
/** Charts are read again each few seconds, and a robot sends in batches. */
const FRESH_MS = 30_000;

/** What a series said last, and until when that holds; null when it said nothing. */
export function newestOf(points: Point[], everySeconds: number): { value: number; freshUntil: number } | null {
  const at = points.findLastIndex(([, value]) => value !== null);
  const newest = points[at];
  if (!newest) return null;
  const steps = FRESH_STEPS * Math.max(usualDistance(points, at - NEIGHBOURS + 1, at), everySeconds * 1000);
  return { value: newest[1] as number, freshUntil: newest[0] + Math.max(FRESH_MS, steps) };
}

/** Whether something is missing before the point at `i`: it is further from the one before than points on both sides are from each other. */
export function isAfterGap(points: Point[], i: number, everySeconds: number): boolean {
  const [before, point] = [points[i - 1], points[i]];
  if (!before || !point) return false;
  const [distance, step] = [point[0] - before[0], everySeconds * 1000];
  if (distance <= GAP_FACTOR * step) return false;
  const usual = Math.max(usualDistance(points, i - NEIGHBOURS, i - 1), usualDistance(points, i + 1, i + NEIGHBOURS));
  return usual > 0 && distance > GAP_FACTOR * Math.max(usual, step);
}

/** Puts a null where points are missing: a line across would tell what nobody measured. */
export function withGaps(points: Point[], everySeconds: number): Point[] {
  return points.flatMap((point, i): Point[] => {
    const before = points[i - 1];
    return before && isAfterGap(points, i, everySeconds) ? [[before[0] + 1, null], point] : [point];
  });
}

/** Growth of a counter a second, between samples at their own times. Where it fell it was set back, by a reboot: nothing is known about that step. */
export function toRates(points: Point[]): Point[] {
  return points.slice(1).map(([time, value], i): Point => {
    const [before, former] = points[i] as Point;
    if (value === null || former === null || value < former) return [time, null];
    return [time, ((value - former) * 1000) / (time - before)];
  });
}

/** Each line on the shoulders of the one before, on shared times; those that are not shown carry nothing. */
export function stacked(
  columns: (number | null | undefined)[][],
  isShown: (index: number) => boolean = () => true,
): (number | null | undefined)[][] {
  const sums: number[] = [];
  return columns.map((column, line) =>
    column.map((value, i) => {
      if (!isShown(line)) return null;
      if (value === null || value === undefined) return value;
      sums[i] = (sums[i] ?? 0) + value;
      return sums[i];
    }),
  );
}
