import DataLoader, { type BatchLoadFn, type Options } from 'dataloader';

/**
 * Look-ups of single keys, made together: so many queries at once, and what is asked meanwhile waits for the next one.
 * A fleet that reports to a process with empty caches then costs the database few large queries, not one a robot.
 */
export function gathered<K, V, C = K>(
  load: BatchLoadFn<K, V>,
  { atOnce, ...options }: Omit<Options<K, V, C>, 'batchScheduleFn'> & { atOnce: number },
): DataLoader<K, V, C> {
  const waiting: (() => void)[] = [];
  let running = 0;
  let hasLoaded = false;
  const ended = () => {
    running--;
    next();
  };
  const next = () => {
    while (running < atOnce) {
      const run = waiting.shift();
      if (!run) return;
      running++;
      setImmediate(() => {
        hasLoaded = false;
        run();
        // Everything it was asked for is already being loaded.
        if (!hasLoaded) ended();
      });
    }
  };
  const counted: BatchLoadFn<K, V> = (keys) => {
    hasLoaded = true;
    return Promise.resolve(load(keys)).finally(ended);
  };
  return new DataLoader(counted, {
    ...options,
    batchScheduleFn: (run) => {
      waiting.push(run);
      next();
    },
  });
}
