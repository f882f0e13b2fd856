import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, withoutPolling } from './browser.ts';
import { asUser, startRobots } from './robots.ts';
import { withAdmin } from './server.ts';

/** One more than a browser's connections to a server without HTTP/2. */
const TABS = 7;
const browser = useBrowser(withAdmin);
let robots: Awaited<ReturnType<typeof startRobots>>;
beforeAll(async () => {
  robots = await startRobots(browser.server().url, { robots: 1 });
});
afterAll(() => robots?.stop());

/** The tabs with an open stream, one entry per stream. */
function watchStreams(context: BrowserContext): () => Page[] {
  const open = new Map<object, Page>();
  context.on('request', (request) => {
    if (request.url().endsWith('/api/events')) open.set(request, request.frame().page());
  });
  context.on('requestfinished', (request) => void open.delete(request));
  context.on('requestfailed', (request) => void open.delete(request));
  return () => [...open.values()].filter((page) => !page.isClosed());
}

async function rename(name: string): Promise<void> {
  const api = await asUser(browser.server().url);
  const [{ id }] = (await api('GET', '/robots')).items;
  await api('PATCH', `/robots/${id}`, { name });
}

it.each([
  ['with Web Locks', true],
  ['without, as on plain HTTP', false],
])('seven tabs share one stream, also after the tab that reads it is closed: %s', async (_name, hasLocks) => {
  const context = await browser.admin();
  await withoutPolling(context);
  if (!hasLocks) await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const streams = watchStreams(context);
  const pages = await Promise.all(Array.from({ length: TABS }, () => context.newPage()));
  await Promise.all(pages.map((page) => page.goto('/')));
  for (const page of pages) await page.getByRole('row').nth(1).waitFor();
  await expect.poll(() => streams().length).toBe(1);
  await rename(`first-${hasLocks}`);
  for (const page of pages) await page.getByRole('link', { name: `first-${hasLocks}` }).waitFor();
  const [reader] = streams();
  await reader?.close();
  const rest = pages.filter((page) => page !== reader);
  await expect.poll(() => streams().length).toBe(1);
  await rename(`second-${hasLocks}`);
  for (const page of rest) await page.getByRole('link', { name: `second-${hasLocks}` }).waitFor();
  expect(streams().length).toBe(1);
});
