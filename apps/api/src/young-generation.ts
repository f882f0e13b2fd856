import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Share of its time that the event loop works, from which on fewer collections are worth the memory. */
const BUSY = 0.25;
const LOOK_MS = 1_000;
/** Too short for V8 to grow twice: before, as much as the space holds must have survived collections. */
const WATCH_MS = 50;
/** V8's first size is 2 MiB, in two halves. With eight times that, reports cost no more than with all it would take. */
const GROWTH = 8;
const GROWN_BYTES = 8 * 2 ** 20;

const growBy = (factor: number) => setFlagsFromString(`--semi-space-growth-factor=${factor}`);

const hasGrown = () =>
  getHeapSpaceStatistics().some((space) => space.space_name === 'new_space' && space.space_size > GROWN_BYTES);

/**
 * V8's young generation keeps its first size, as start.js has set it; otherwise it grows to 64 MB by loading the program
 * and to 128 by a fleet's reports, and stays there. This lets it grow once, when the process is busy, so that
 * collections do not slow down reports in quick succession. V8 reads the factor before each growth.
 */
export function growYoungGenerationWhenBusy(): void {
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, before).utilization > BUSY;
    before = now;
    if (!busy || hasGrown()) return;
    growBy(GROWTH);
    const started = performance.now();
    const watch = setInterval(() => {
      if (!hasGrown() && performance.now() - started < LOOK_MS / 2) return;
      growBy(1);
      clearInterval(watch);
    }, WATCH_MS).unref();
  }, LOOK_MS).unref();
}
