import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { DESKTOP, launchChromium } from './chromium.ts';
import { ADMIN, PASSWORD, type Server, startServer } from './server.ts';

/**
 * A server and a browser for one test file. Errors, policy violations and foreign requests on any page fail the test.
 * @param friends origins that are not foreign
 */
export function useBrowser(env: Record<string, string> = {}, friends: string[] = []) {
  let server: Server;
  let browser: Browser;
  const faults: string[] = [];

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(env), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(options: BrowserContextOptions & { as?: string } = {}) {
    const { as, ...rest } = options;
    const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', baseURL: server.url, ...rest });
    context.setDefaultTimeout(20_000);
    context.on('page', watch);
    if (as) await signIn(context, as);
    return context;
  }

  function watch(page: Page): void {
    page.on('pageerror', (error) => faults.push(`error on the page: ${error.message}`));
    page.on('console', (message) => {
      if (/Content Security Policy|\[Vue|\[intlify\]/.test(message.text())) faults.push(message.text());
    });
    page.on('request', (request) => {
      const known = [server.url, ...friends].some((origin) => request.url().startsWith(origin));
      if (!known && !/^(data|blob):/.test(request.url())) faults.push(`request to a foreign server: ${request.url()}`);
    });
  }

  /** Sets the API's cookie, so that the page finds a session as after a reload. */
  async function signIn(context: Awaited<ReturnType<typeof open>>, email: string): Promise<void> {
    const reply = await context.request.post('/api/auth/login', { data: { email, password: PASSWORD } });
    expect(reply.status()).toBe(200);
  }

  return { open, signIn, server: () => server, admin: () => open({ as: ADMIN }) };
}

/** A refusal in the API's format. */
export function problemReply(status: number, code: string) {
  const problem = { type: 'about:blank', title: 'x', status, detail: 'x', code, request_id: 'r' };
  return { status, contentType: 'application/problem+json', body: JSON.stringify(problem) };
}

/** Disables timers of `fromMs` or longer, so that what a test sees cannot come from polling. */
export function withoutPolling(context: BrowserContext, fromMs = 8_000): Promise<unknown> {
  return context.addInitScript((fromMs) => {
    for (const name of ['setTimeout', 'setInterval'] as const) {
      const real = window[name].bind(window) as (...args: unknown[]) => number;
      const shortOnly = (work: unknown, ms = 0, ...rest: unknown[]) => (ms >= fromMs ? 0 : real(work, ms, ...rest));
      Object.assign(window, { [name]: shortOnly });
    }
  }, fromMs);
}

export async function visible(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

/** Opens a tab, then ends the browser's session, of which nothing tells the tab. */
export async function endBehindTab(context: BrowserContext): Promise<void> {
  const tab = await context.newPage();
  await tab.route('**/api/events', (route) => route.abort());
  await tab.goto('/profile');
  await visible(tab, 'This session');
  const reply = await context.request.post('/api/auth/logout');
  if (reply.status() !== 204) throw new Error(`signing out: ${reply.status()}`);
}
