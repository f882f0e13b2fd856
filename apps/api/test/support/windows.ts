export type Point = [ms: number, value: number];

export const FNS = ['mean', 'min', 'max', 'last', 'sum', 'count'] as const;
export type Fn = (typeof FNS)[number];

/** What the points alone come to, in windows since 1970. */
export function windowsOf(
  points: Point[],
  { from, to, everyMs, fn }: { from: number; to: number; everyMs: number; fn: Fn },
) {
  const inRange = points.filter(([at]) => at >= from && at < to).sort(([a], [b]) => a - b);
  return [...Map.groupBy(inRange, ([at]) => Math.floor(at / everyMs))].map(([window, of]): Point => {
    const values = of.map(([, value]) => value);
    const sum = values.reduce((total, value) => total + value, 0);
    const results: Record<Fn, number> = {
      ...{ mean: sum / values.length, min: Math.min(...values), max: Math.max(...values) },
      ...{ last: values.at(-1) as number, sum, count: values.length },
    };
    return [window * everyMs, results[fn]];
  });
}
