import { ref } from 'vue';
import type { Router } from 'vue-router';
import { reach } from '../api/reachability';

const LOADED_KEY = 'robowatch.loaded-from-server';

/** The route whose code could not be loaded. */
export const notLoaded = ref<string | null>(null);

/**
 * After an upgrade, an open tab may need code files that no longer exist. The page is then reloaded from the server, but
 * only once, to avoid a reload loop.
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

/** Only on request, so that nothing on the page is lost while the server is down. */
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
