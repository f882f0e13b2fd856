import { askEarly, ROBOTS_PAGE } from '../api/early-replies';
import { findSession } from '../auth/find-session';

export const loadSignedInApp = () => import('./SignedInApp.vue');
export const loadFleetPage = () => import('../robots/FleetPage.vue');

/** Pages on which nobody is looked for who is signed in. */
const PUBLIC = ['/setup', '/invitation'];

/**
 * What takes a round trip each, one after the other, begins before the app's code is there: who is signed in, the fleet,
 * and the code that only who is signed in needs.
 */
export async function startEarly(path: string): Promise<void> {
  if (PUBLIC.includes(path)) return;
  const grant = await findSession();
  if (!grant) return;
  if (path === '/') askEarly(`/api/robots?limit=${ROBOTS_PAGE}`, grant.token);
  await Promise.all([loadSignedInApp(), path === '/' && loadFleetPage()]);
}
