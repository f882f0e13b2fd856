/** Nanoseconds since 1970; `to` is exclusive. */
export interface Span {
  from: bigint;
  to: bigint;
}

/** Moments closer together than this are looked up together. */
const NEAR = 1_000_000_000n;
const MAX_SPANS = 64;
/** Added after a moment: entries that find their microsecond full move on, a nanosecond each. */
const MARGIN = 1_000_000n;

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** Spans to read in order to know everything stored at these moments: few of them, split at the widest gaps. */
export function spansOf(moments: Iterable<bigint>): Span[] {
  const sorted = [...new Set(moments)].sort(compare);
  const gapBefore = (i: number) => (sorted[i] as bigint) - (sorted[i - 1] as bigint);
  const cuts = [...sorted.keys()].filter((i) => i > 0 && gapBefore(i) > NEAR);
  const widest = cuts.sort((a, b) => compare(gapBefore(b), gapBefore(a))).slice(0, MAX_SPANS - 1);
  const starts = sorted.length === 0 ? [] : [0, ...widest.sort((a, b) => a - b)];
  return starts.map((start, i) => ({
    from: sorted[start] as bigint,
    to: (sorted[(starts[i + 1] ?? sorted.length) - 1] as bigint) + MARGIN,
  }));
}
