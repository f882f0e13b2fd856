/** Times in ms since 1970, ascending. Null: nothing is known from here on. */
export type Point = [time: number, value: number | null];

/** The tags that tell a series from others of its field. Without Telegraf's `host`, which the robot's page already shows. */
export const tagText = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .flatMap(([name, value]) => (name === 'host' ? [] : [value]))
    .join(' ');

const GAP_FACTOR = 2.5;
/** How many neighbouring intervals decide what is normal: a robot's reporting interval may change. */
const NEIGHBOURS = 3;

/** The median of the intervals, in ms, that end at the points `first` to `last`; 0 if there are none. */
function usualDistance(points: Point[], first: number, last: number): number {
  const distances: number[] = [];
  for (let i = Math.max(1, first); i <= Math.min(last, points.length - 1); i++)
    distances.push((points[i] as Point)[0] - (points[i - 1] as Point)[0]);
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
}

/** How many steps after its newest value a series counts as stale. */
const FRESH_STEPS = 5;
/** Charts are refetched every few seconds, and robots send in batches. */
const FRESH_MS = 30_000;

/** The newest value of a series and until when it counts as fresh; null if there is none. */
export function newestOf(points: Point[], everySeconds: number): { value: number; freshUntil: number } | null {
  const at = points.findLastIndex(([, value]) => value !== null);
  const newest = points[at];
  if (!newest) return null;
  const steps = FRESH_STEPS * Math.max(usualDistance(points, at - NEIGHBOURS + 1, at), everySeconds * 1000);
  return { value: newest[1] as number, freshUntil: newest[0] + Math.max(FRESH_MS, steps) };
}

/** Whether points are missing before point `i`: the interval before it is longer than is normal on either side. */
export function isAfterGap(points: Point[], i: number, everySeconds: number): boolean {
  const [before, point] = [points[i - 1], points[i]];
  if (!before || !point) return false;
  const [distance, step] = [point[0] - before[0], everySeconds * 1000];
  if (distance <= GAP_FACTOR * step) return false;
  const usual = Math.max(usualDistance(points, i - NEIGHBOURS, i - 1), usualDistance(points, i + 1, i + NEIGHBOURS));
  return usual > 0 && distance > GAP_FACTOR * Math.max(usual, step);
}

/** Puts a null where points are missing, so that no line is drawn across the gap. */
export function withGaps(points: Point[], everySeconds: number): Point[] {
  return points.flatMap((point, i): Point[] => {
    const before = points[i - 1];
    return before && isAfterGap(points, i, everySeconds) ? [[before[0] + 1, null], point] : [point];
  });
}

/** A counter's growth per second, from the exact times of its samples. A falling counter was reset, so that step is unknown. */
export function toRates(points: Point[]): Point[] {
  return points.slice(1).map(([time, value], i): Point => {
    const [before, former] = points[i] as Point;
    if (value === null || former === null || value < former) return [time, null];
    return [time, ((value - former) * 1000) / (time - before)];
  });
}

/** Adds up lines with shared times, each on top of the previous one. Hidden lines are left out. */
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
