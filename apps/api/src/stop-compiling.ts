import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 begin no more work on other threads. One that compiles a function while the process exits, and needs a
 * collection for it, waits for the main thread, which waits for it (nodejs/node#54918): the process would never end.
 */
export function stopCompiling(): void {
  for (const compiler of ['sparkplug', 'maglev', 'turbofan']) setFlagsFromString(`--no-${compiler}`);
}
