import { requestEarly } from '../api/early-replies';
import { findSession } from '../auth/find-session';
import { robotsPage } from '../robots/robots-page';

export const loadSignedInApp = () => import('./SignedInApp.vue');
export const loadFleetPage = () => import('../robots/FleetPage.vue');

/** The browser loads what it knows of languages at first use, some ten milliseconds: while nothing else can be done. */
function warmUp() {
  const language = document.documentElement.lang;
  setTimeout(() => new Intl.Collator(language, { numeric: true }).compare('1', '2'));
  setTimeout(() => new Intl.NumberFormat(language).format(1));
}

/** Pages on which nobody is looked for who is signed in, and the one where most are not. */
const PUBLIC = ['/setup', '/invitation'];
const SIGN_IN = '/sign-in';

/** What takes round trips one after the other begins before the app's code is there: who is signed in, then the fleet. */
export async function askEarly(path: string): Promise<void> {
  if (PUBLIC.includes(path)) return;
  const finding = findSession();
  warmUp();
  const grant = await finding;
  if (!grant || path !== '/') return;
  const robots = robotsPage();
  requestEarly(`${robots.path}?${robots.search}`, grant.token);
}

/** The code that only who is signed in needs comes beside the app's own. */
export async function loadEarly(path: string): Promise<void> {
  if (PUBLIC.includes(path) || path === SIGN_IN) return;
  await Promise.all([loadSignedInApp(), path === '/' && loadFleetPage()]);
}
