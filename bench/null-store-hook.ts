import { registerHooks } from 'node:module';

/** `node --import bench/null-store-hook.ts`: the server as it is, but with a store that costs nothing. */
const NULL_STORE = new URL('./null-store.ts', import.meta.url).href;
const STORES = '/apps/api/src/stores/open-store.ts';

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url.endsWith(STORES) ? { ...found, url: NULL_STORE } : found;
  },
});
