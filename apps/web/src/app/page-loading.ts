import { ref } from 'vue';
import type { Router } from 'vue-router';
import { reach } from '../api/reachability';

const LOADED_KEY = 'robowatch.loaded-from-server';

/** Where somebody wanted to go, when the code of that page could not be had. */
export const notLoaded = ref<string | null>(null);

/**
 * After an upgrade the code that an open tab has not loaded yet is gone: the page is then loaded from the server as a
 * whole, once, lest it reload for ever.
 */
export function watchPageLoading(router: Router): void {
  router.onError((_error, { fullPath }) => void recover(fullPath));
  router.afterEach((_to, _from, failure) => {
    if (failure) return;
    notLoaded.value = null;
    sessionStorage.removeItem(LOADED_KEY);
  });
}

async function recover(path: string): Promise<void> {
  if (sessionStorage.getItem(LOADED_KEY) === path || !(await isReachable())) notLoaded.value = path;
  else loadFromServer(path);
}

/** When somebody asks for it; nothing on the page is lost while the server is away. */
export async function loadAgain(): Promise<void> {
  if (notLoaded.value !== null && (await isReachable())) loadFromServer(notLoaded.value);
}

function loadFromServer(path: string): void {
  sessionStorage.setItem(LOADED_KEY, path);
  if (path === location.pathname + location.search + location.hash) location.reload();
  else location.assign(path);
}

const isReachable = (): Promise<boolean> =>
  reach('/api/health').then(
    ({ ok }) => ok,
    () => false,
  );
