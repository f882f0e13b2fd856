import { requestEarly } from '../api/early-replies';
import { findSession } from '../auth/find-session';
import { robotsPage } from '../robots/robots-page';

export const loadSignedInApp = () => import('./SignedInApp.vue');
export const loadFleetPage = () => import('../robots/FleetPage.vue');

/** The browser loads locale data at first use, which takes some ten milliseconds. Done here while waiting anyway. */
function warmUp() {
  const language = document.documentElement.lang;
  setTimeout(() => new Intl.Collator(language, { numeric: true }).compare('1', '2'));
  setTimeout(() => new Intl.NumberFormat(language).format(1));
}

/** Pages that need no session, and the page where most people have none. */
const PUBLIC = ['/setup', '/invitation'];
const SIGN_IN = '/sign-in';

/** Starts the sequential requests before the app's code has loaded: the session, then the fleet. */
export async function askEarly(path: string): Promise<void> {
  if (PUBLIC.includes(path)) return;
  const finding = findSession();
  warmUp();
  const grant = await finding;
  if (!grant || path !== '/') return;
  const robots = robotsPage();
  requestEarly(`${robots.path}?${robots.search}`, grant.token);
}

/** Loads the code for signed-in people in parallel with the app's. */
export async function loadEarly(path: string): Promise<void> {
  if (PUBLIC.includes(path) || path === SIGN_IN) return;
  await Promise.all([loadSignedInApp(), path === '/' && loadFleetPage()]);
}
