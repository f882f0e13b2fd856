import { nextTick } from 'vue';
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router';
import { continueInApp, interactionOf } from '../auth/app-sign-in';
import SignInPage from '../auth/SignInPage.vue';
import { useSession } from '../auth/session';
import { i18n } from './i18n';
import { watchPageLoading } from './page-loading';
import { loadFleetPage, loadSignedInApp } from './start-early';

declare module 'vue-router' {
  interface RouteMeta {
    /** Message key of the page's title. */
    title: string;
    /** `anyone`: no session needed; `admin`: administrators only; otherwise any signed-in user. */
    who?: 'anyone' | 'admin';
  }
}

const robotPage = {
  path: '/robots/:id(\\d+)',
  component: () => import('../robots/RobotPage.vue'),
  props: ({ params }: RouteLocationNormalized) => ({ id: Number(params.id) }),
  meta: { title: 'robots.robot' },
  children: [
    { path: '', name: 'robot', component: () => import('../metrics/RobotCharts.vue') },
    { path: 'alerts', name: 'robot-alerts', component: () => import('../alerts/RobotAlerts.vue') },
    { path: 'logs', name: 'robot-logs', component: () => import('../metrics/RobotLogs.vue') },
    { path: 'settings', name: 'robot-settings', component: () => import('../robots/RobotSettings.vue') },
  ],
};

const alertsPage = {
  path: '/alerts',
  component: () => import('../alerts/AlertsPage.vue'),
  meta: { title: 'alerts.title' },
  children: [
    { path: '', name: 'alerts', component: () => import('../alerts/AlertsNow.vue') },
    { path: 'rules', name: 'alert-rules', component: () => import('../alerts/RuleList.vue') },
    { path: 'rules/new', name: 'new-alert-rule', component: () => import('../alerts/RulePage.vue') },
    {
      path: 'rules/:id(\\d+)',
      name: 'alert-rule',
      component: () => import('../alerts/RulePage.vue'),
      props: ({ params }: RouteLocationNormalized) => ({ id: Number(params.id) }),
    },
    { path: 'channels', name: 'alert-channels', component: () => import('../alerts/ChannelList.vue') },
    { path: 'silences', name: 'alert-silences', component: () => import('../alerts/SilenceList.vue') },
  ],
};

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'fleet', component: loadFleetPage, meta: { title: 'robots.fleet' } },
  { path: '/pair', name: 'pair', component: () => import('../pairing/PairPage.vue'), meta: { title: 'pairing.title' } },
  robotPage,
  alertsPage,
  {
    path: '/profile',
    name: 'profile',
    component: () => import('../auth/ProfilePage.vue'),
    meta: { title: 'auth.profile' },
  },
  {
    path: '/admin/users',
    name: 'users',
    component: () => import('../users/UsersPage.vue'),
    meta: { title: 'users.title', who: 'admin' },
  },
  {
    path: '/admin/robots',
    name: 'all-robots',
    component: () => import('../robots/AllRobotsPage.vue'),
    meta: { title: 'robots.all', who: 'admin' },
  },
  {
    path: '/admin/audit',
    name: 'audit',
    component: () => import('../audit/AuditPage.vue'),
    meta: { title: 'audit.title', who: 'admin' },
  },
  {
    path: '/sign-in',
    name: 'sign-in',
    component: SignInPage,
    meta: { title: 'auth.signIn', who: 'anyone' },
  },
  {
    path: '/setup',
    name: 'setup',
    component: () => import('../auth/SetupPage.vue'),
    meta: { title: 'auth.setup.title', who: 'anyone' },
  },
  {
    path: '/invitation',
    name: 'invitation',
    component: () => import('../auth/InvitationPage.vue'),
    meta: { title: 'auth.invitation.title', who: 'anyone' },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('./NotFoundPage.vue'),
    meta: { title: 'app.notFound.title' },
  },
];

/** Loads the code of a page while the session is being looked up. */
function preload({ matched }: RouteLocationNormalized): void {
  const loads = matched.map(({ components }) => components?.default as unknown);
  for (const load of [loadSignedInApp, ...loads]) if (typeof load === 'function') load().catch(() => undefined);
}

export function makeRouter() {
  const router = createRouter({
    history: createWebHistory(),
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  });
  router.beforeEach(async (to) => {
    const session = useSession();
    if (to.meta.who === 'anyone' && to.name !== 'sign-in') return true;
    if (session.state === 'unknown') {
      const resumed = session.resume().catch(() => undefined);
      // Do not wait: most people here are not signed in. App.vue redirects those who are.
      if (to.name === 'sign-in') return true;
      preload(to);
      await resumed;
    }
    if (session.state === 'unknown') return true; // the server does not respond; App.vue says so
    if (to.name === 'sign-in') return session.state === 'signed-in' && !session.mustEnrol ? leaveSignIn(to) : true;
    if (session.state === 'signed-out')
      return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
    await loadSignedInApp();
    return true;
  });
  watchPageLoading(router);
  router.afterEach(async (to, from) => {
    // Between the tabs of a robot, the title stays the robot's name.
    if (to.matched[0] && to.matched[0] === from.matched[0]) return;
    await nextTick();
    // The focused element is gone with its page, so focus the start of the new one.
    if (from.matched.length > 0 && document.activeElement === document.body)
      document.getElementById('main')?.focus({ preventScroll: true });
    document.title = `${i18n.global.t(to.meta.title)} · Robowatch`;
  });
  return router;
}

/**
 * Where a signed-in person goes on: a page of this app; false when the browser leaves for another application; true to
 * stay, because the session turned out to be over.
 */
export async function leaveSignIn(to: { query: RouteLocationNormalized['query'] }): Promise<string | boolean> {
  // Only what was begun on the profile fails for somebody who is signed in.
  if (typeof to.query.problem === 'string') return `/profile?problem=${encodeURIComponent(to.query.problem)}`;
  const interaction = interactionOf(to.query.next);
  if (interaction && (await continueInApp(interaction))) return false;
  return useSession().state === 'signed-out' || afterSignIn(to);
}

/** The page that asked for signing in. Only paths of this app, to prevent open redirects. */
export function afterSignIn({ query }: { query: RouteLocationNormalized['query'] }): string {
  const next = typeof query.next === 'string' ? query.next : '/';
  return /^\/(?![/\\]|oidc\/)/.test(next) ? next : '/';
}
