import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

const LOOK_MS = 1_000;
/** Share of its time that the event loop works, from which on fewer collections are worth the memory. */
const BUSY = 0.25;

const growBy = (factor: number) => setFlagsFromString(`--semi-space-growth-factor=${factor}`);

/**
 * V8's young generation keeps its first size, 2 MB, as start.js has set it: otherwise it grows to 64 MB by loading the
 * program alone, and stays there. This lets it grow while the process is busy, as V8 does by itself, so that reports in quick succession
 * are not slowed down by collections. V8 reads the factor before each growth.
 */
export function growYoungGenerationWhenBusy(): void {
  let before = performance.eventLoopUtilization();
  let grows = false;
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, before).utilization > BUSY;
    before = now;
    if (busy !== grows) growBy(busy ? 2 : 1);
    grows = busy;
  }, LOOK_MS).unref();
}
