import { expect, it } from 'vitest';
import { endBehindTab, problemReply, useBrowser, visible } from './browser.ts';
import { ADMIN, PASSWORD, withAdmin } from './server.ts';

const browser = useBrowser({ ...withAdmin, ACCESS_TOKEN_TTL: '10', LOGIN_ATTEMPTS_PER_ACCOUNT: '12' });

it('a session silently outlives its access token, even in a tab that never renews it itself', async () => {
  const context = await browser.admin();
  const renewals: number[] = [];
  const first = await context.newPage();
  first.on('response', (reply) => {
    if (reply.url().endsWith('/auth/refresh')) renewals.push(reply.status());
  });
  await first.goto('/profile');
  await visible(first, 'Sessions');
  const second = await context.newPage();
  await second.route('**/api/auth/refresh', (route) => route.abort());
  await second.goto('/profile');
  await visible(second, 'Sessions');
  await expect.poll(() => renewals.length, { timeout: 45_000 }).toBeGreaterThanOrEqual(3);
  expect(new Set(renewals)).toEqual(new Set([200]));
  await second.getByLabel('Name').fill('Ada L.');
  await second.getByRole('button', { name: 'Save' }).click();
  await second.getByRole('button', { name: 'Account' }).getByText('Ada L.').waitFor();
});

it('survives a reload during a renewal', async () => {
  const page = await (await browser.admin()).newPage();
  for (let i = 0; i < 6; i++) {
    await page.goto('/profile', { waitUntil: 'commit' });
    await page.waitForTimeout(20 + i * 40);
  }
  await page.goto('/profile');
  await visible(page, 'Sessions');
});

it('works without Web Locks, as on plain HTTP', async () => {
  const context = await browser.admin();
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const pages = await Promise.all([1, 2, 3, 4].map(() => context.newPage()));
  const renewals: number[] = [];
  for (const page of pages)
    page.on('response', (reply) => {
      if (reply.url().endsWith('/auth/refresh')) renewals.push(reply.status());
    });
  for (let round = 0; round < 4; round++) {
    await Promise.all(pages.map((page) => page.goto('/profile')));
    for (const page of pages) await visible(page, 'Sessions');
  }
  expect(new Set(renewals)).toEqual(new Set([200]));
});

it('signing out in one tab signs out the other, and signing in signs it in', async () => {
  const context = await browser.admin();
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const page of [first, second]) {
    await page.goto('/');
    await visible(page, 'Add the first robot');
  }
  await first.getByRole('button', { name: 'Account' }).click();
  await first.getByRole('menuitem', { name: 'Sign out' }).click();
  for (const page of [first, second]) await page.waitForURL(/\/sign-in/);
  await second.getByLabel('E-mail').fill(ADMIN);
  await second.getByLabel('Password').first().fill(PASSWORD);
  await second.getByRole('button', { name: 'Sign in' }).click();
  for (const page of [second, first]) await visible(page, 'Add the first robot');
});

it('a new page tells from the first reply that the session of the open tab is over, and keeps the way back', async () => {
  const context = await browser.admin();
  await endBehindTab(context);
  const page = await context.newPage();
  await page.addInitScript(() =>
    new MutationObserver(() => {
      if (document.body?.textContent?.includes('Your session has ended'))
        sessionStorage.setItem('asked', 'in an overlay');
    }).observe(document, { childList: true, subtree: true }),
  );
  await page.goto('/admin/users?q=ada');
  await page.waitForURL(/\/sign-in\?next=\/admin\/users/);
  await page.getByLabel('E-mail').fill(ADMIN);
  await page.getByLabel('Password').first().fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/admin\/users\?q=ada$/);
  await page.getByRole('cell', { name: ADMIN, exact: true }).waitFor();
  expect(await page.evaluate(() => sessionStorage.getItem('asked'))).toBeNull();
});

it('sends no more requests after signing out', async () => {
  const page = await (await browser.admin()).newPage();
  const refused: string[] = [];
  page.on('response', (reply) => void (reply.status() === 401 && refused.push(reply.url())));
  await page.goto('/');
  await visible(page, 'Add the first robot');
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  await page.waitForTimeout(5_000);
  expect(refused).toEqual([]);
});

it('says that signing out has failed, and stays signed in', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/profile');
  await visible(page, 'Sessions');
  await page.route('**/api/auth/logout', (route) => route.fulfill(problemReply(503, 'database_unavailable')));
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await visible(page, 'The database does not respond');
  await page.reload();
  await visible(page, 'Sessions');
});

it('asks for the password in an overlay when the session was ended elsewhere, and keeps what was typed', async () => {
  const page = await (await browser.admin()).newPage();
  const other = await browser.admin();
  // The first to say so is the reply to a request.
  await page.route('**/api/events', (route) => route.abort());
  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('Name').fill('Half typed');
  const { access_token } = await (await other.request.post('/api/auth/refresh')).json();
  const headers = { authorization: `Bearer ${access_token}` };
  const { items } = await (await other.request.get('/api/auth/sessions', { headers })).json();
  for (const { id, current } of items)
    if (!current) await other.request.delete(`/api/auth/sessions/${id}`, { headers });
  await page.getByLabel('E-mail').fill('x@lab.example');
  await page.getByRole('button', { name: 'Create the link' }).click();
  await visible(page, 'Your session has ended');
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByLabel('Password').first().fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect.poll(() => page.getByText('Your session has ended').count()).toBe(0);
  expect(await page.getByLabel('Name').inputValue()).toBe('Half typed');
});

it('says how long to wait after too many attempts', async () => {
  const page = await (await browser.open()).newPage();
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill('nobody@lab.example');
  await page.getByLabel('Password').first().fill('not this one');
  for (let i = 0; i < 13; i++) {
    const answered = page.waitForResponse(/auth\/login/);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await answered;
  }
  await visible(page, 'Too many attempts');
  await visible(page, /Try again in \d+ minutes/);
  expect(await page.getByText('Wait a moment').count()).toBe(0);
  expect(await page.getByLabel('E-mail').inputValue()).toBe('nobody@lab.example');
});
