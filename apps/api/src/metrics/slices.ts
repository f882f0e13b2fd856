import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 8;

/** Runs work that yields now and then: it holds the event loop for some milliseconds at a stretch, however long it takes. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (let started = performance.now(); ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - started < SLICE_MS) continue;
    await setImmediate();
    started = performance.now();
  }
}

/** Runs it at once. */
export function atOnce<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
