/** Nanoseconds since 1970; `to` is exclusive. */
export interface Span {
  from: bigint;
  to: bigint;
}

/** Moments nearer to each other than this are looked up together. */
const NEAR = 1_000_000_000n;
const MAX_SPANS = 64;
/** Behind a moment: entries that find it full are moved on by a nanosecond each. */
const MARGIN = 1_000_000n;

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** What has to be read to know all that is stored at these moments: few spans, split where the moments are farthest apart. */
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
