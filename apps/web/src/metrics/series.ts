/** Times in ms since 1970, ascending; null: nothing known from here on. */
export type Point = [time: number, value: number | null];

/** What tells a series from others of its field. Telegraf names the computer in `host`, unless told not to: the robot's page says it already. */
export const tagText = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .flatMap(([name, value]) => (name === 'host' ? [] : [value]))
    .join(' ');

const GAP_FACTOR = 2.5;

/** How far apart this series' points usually are, in ms. */
function usualDistance(points: Point[]): number {
  const distances = points
    .slice(1)
    .map(([time], i) => time - (points[i] as Point)[0])
    .sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** How many steps a series may be silent before what it said last counts as old. */
const FRESH_STEPS = 5;
/** Charts are read again each few seconds, and a robot sends in batches. */
const FRESH_MS = 30_000;

/** What a series said last, and until when that holds; null when it said nothing. */
export function newestOf(points: Point[], everySeconds: number): { value: number; freshUntil: number } | null {
  const newest = points.findLast(([, value]) => value !== null);
  if (!newest) return null;
  const steps = FRESH_STEPS * Math.max(usualDistance(points), everySeconds * 1000);
  return { value: newest[1] as number, freshUntil: newest[0] + Math.max(FRESH_MS, steps) };
}

/** Points further apart than this, in ms, have something missing between them. */
export const gapLimit = (points: Point[], everySeconds: number): number =>
  GAP_FACTOR * Math.max(usualDistance(points), everySeconds * 1000);

/** Puts a null where points are missing: a line across would tell what nobody measured. */
export function withGaps(points: Point[], everySeconds: number): Point[] {
  const limit = gapLimit(points, everySeconds);
  return points.flatMap((point, i): Point[] => {
    const before = points[i - 1];
    return before && point[0] - before[0] > limit ? [[before[0] + 1, null], point] : [point];
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
