import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 8;

/** Runs a generator in slices of a few milliseconds, so that long work does not block the event loop. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (let started = performance.now(); ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - started < SLICE_MS) continue;
    await setImmediate();
    started = performance.now();
  }
}

/** Runs a generator to its end without pausing. */
export function atOnce<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

const RUN_LENGTH = 1_024;

/** Merge sort of a copy, yielding now and then; only short runs are sorted without yielding. */
export function* sorting<Item>(items: Item[], compare: (a: Item, b: Item) => number): Generator<void, Item[]> {
  let runs: Item[][] = [];
  for (let i = 0; i < items.length; i += RUN_LENGTH) {
    runs.push(items.slice(i, i + RUN_LENGTH).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2) longer.push(yield* merging(runs[i] as Item[], runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merging<Item>(a: Item[], b: Item[], compare: (a: Item, b: Item) => number): Generator<void, Item[]> {
  const merged: Item[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    const takeFirst = j >= b.length || (i < a.length && compare(a[i] as Item, b[j] as Item) <= 0);
    merged.push((takeFirst ? a[i++] : b[j++]) as Item);
    if (merged.length % RUN_LENGTH === 0) yield;
  }
  return merged;
}
