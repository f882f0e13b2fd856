import type { Browser } from 'playwright-core';
import type { Query } from './chart.ts';

interface Shown {
  status: number;
  rows: number;
  asked: Query;
}

const TIMEOUT_MS = 120_000;

/** Signs in as the administrator, as a person would, whatever authority the server's certificate is of. @param viewport charts outside of it are not loaded */
export async function signIn(
  browser: Browser,
  url: string,
  password: string,
  viewport = { width: 1440, height: 3000 },
) {
  const context = await browser.newContext({ viewport, baseURL: url, locale: 'en-GB', ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto('/login/');
  const isIn = ({ pathname }: URL) => !pathname.startsWith('/login');
  // Superset loses what is typed or sent before its page has finished loading, and does not tell.
  for (const end = Date.now() + TIMEOUT_MS; !isIn(new URL(page.url())); ) {
    if (Date.now() > end) throw new Error('Superset did not let its administrator in.');
    const shortly = { timeout: 5_000 };
    const send = async () => {
      await page.locator('#username').fill('admin', shortly);
      await page.locator('#password').fill(password, shortly);
      await page.locator('#password').press('Enter', shortly);
    };
    await send().catch(() => undefined);
    await page.waitForURL(isIn, shortly).catch(() => undefined);
  }
  return page;
}

/** Signs in to Superset by the web app, to whose page it leads. */
export async function signInByWebApp(browser: Browser, url: string, person: { email: string; password: string }) {
  const viewport = { width: 1440, height: 3000 };
  const context = await browser.newContext({ viewport, baseURL: url, locale: 'en-GB', ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto('/dashboard/list/');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((now) => now.href.startsWith(`${url}/dashboard/list/`));
  return page;
}

/**
 * Opens a dashboard and waits until every chart is drawn.
 * @returns what each chart asked for and got, by its number in Superset, and errors of the page
 */
export async function openDashboard(page: Awaited<ReturnType<typeof signIn>>, slug: string, charts: number) {
  const shown = new Map<number, Shown>();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('response', async (reply) => {
    const address = new URL(reply.url());
    if (address.pathname !== '/api/v1/chart/data') return;
    const { slice_id } = JSON.parse(address.searchParams.get('form_data') ?? '{}');
    const { result } = await reply.json().catch(() => ({}));
    const [asked] = reply.request().postDataJSON().queries;
    if (slice_id) shown.set(slice_id, { status: reply.status(), rows: result?.[0]?.rowcount ?? 0, asked });
  });
  await page.goto(`/superset/dashboard/${slug}/`);
  const loading = page.locator('[data-test="loading-indicator"]');
  for (const end = Date.now() + TIMEOUT_MS; shown.size < charts || (await loading.count()) > 0; ) {
    if (Date.now() > end) throw new Error(`${shown.size} of ${charts} charts of ${slug} were drawn. ${errors.join()}`);
    await page.waitForTimeout(100);
  }
  return { shown, errors };
}
