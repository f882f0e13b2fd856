import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { asUser, startRobots } from './robots.ts';
import { PASSWORD, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
let robots: Awaited<ReturnType<typeof startRobots>>;
let robotId: number;
beforeAll(async () => {
  robots = await startRobots(browser.server().url);
  const api = await asUser(browser.server().url);
  robotId = (await api('GET', '/robots')).items[0].id;
});
afterAll(() => robots?.stop());

it("an invited user joins by a link shown once, and cannot see others' robots", async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('Name').fill('Grace');
  await page.getByLabel('E-mail').fill('grace@lab.example');
  await page.getByRole('button', { name: 'Create the link' }).click();
  const link = (await page.getByRole('textbox', { name: 'Invitation link' }).innerText()).trim();
  await visible(page, /It works once, for 7 days \(until /);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  const row = page.getByRole('row', { name: /grace@lab\.example/ });
  await row.getByRole('cell', { name: 'Invited' }).waitFor();

  const guest = await (await browser.open()).newPage();
  await guest.goto(link);
  await guest.getByLabel('Password').first().fill(PASSWORD);
  await guest.getByRole('button', { name: 'Join' }).click();
  await visible(guest, 'Add the first robot');
  await page.reload();
  await row.getByRole('cell', { name: 'Active' }).waitFor();
  await row.getByRole('cell', { name: /^now$|ago/ }).waitFor();
  const late = await (await browser.open()).newPage();
  await late.goto(link);
  await visible(late, 'you have a password already');
  await late.getByRole('link', { name: 'Sign in' }).click();
  await late.waitForURL(/\/sign-in$/);
  expect(await guest.getByRole('link', { name: 'Users' }).count()).toBe(0);
  for (const tab of ['', '/logs', '/settings']) {
    await guest.goto(`/robots/${robotId}${tab}`);
    await visible(guest, 'Robot not found');
  }
  for (const path of ['/admin/users', '/admin/robots', '/admin/audit']) {
    await guest.goto(path);
    await visible(guest, 'Only administrators can do this');
  }
  await guest.goto('/no/such/page');
  await visible(guest, 'Page not found');
});

it('hands a robot over to another user, who then sees it', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/admin/robots');
  await page.getByRole('link', { name: 'courier-01' }).click();
  await page.getByLabel('Owner').selectOption({ label: 'Grace (grace@lab.example)' });
  await page.getByRole('button', { name: 'Hand over' }).click();
  const dialog = page.getByRole('dialog', { name: /^Hand courier-01 over to Grace/ });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Hand over' }).click();
  await dialog.getByRole('button', { name: 'Hand over' }).click();
  await page.getByRole('definition').filter({ hasText: 'Grace' }).waitFor();
  const guest = await (await browser.open({ as: 'grace@lab.example' })).newPage();
  await guest.goto('/');
  await guest.getByRole('link', { name: 'courier-01' }).waitFor();
});

it('explains why the last administrator cannot be removed, and has the e-mail typed before deleting a user', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'Actions for Administrator' }).click();
  await page.getByRole('menuitem', { name: 'Deactivate' }).click();
  await visible(page, 'This is the last active administrator');
  await page.getByRole('button', { name: 'Actions for Grace' }).click();
  await page.getByRole('menuitem', { name: 'Link for a new password' }).click();
  await page.getByRole('dialog', { name: 'New password for Grace' }).waitFor();
  const link = (await page.getByRole('textbox', { name: 'Link for a new password' }).innerText()).trim();
  const guest = await (await browser.open()).newPage();
  await guest.goto(link);
  await guest.getByRole('heading', { name: 'New password' }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: 'Actions for Grace' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByLabel('Type grace@lab.example to confirm').fill('grace@lab.example');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => page.getByRole('cell', { name: 'grace@lab.example' }).count()).toBe(0);
});

it('shows in the audit log who did what, and filters it', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/admin/audit');
  await page.getByRole('cell', { name: 'deleted a user' }).waitFor();
  await page.getByRole('cell', { name: 'with: the password' }).first().waitFor();
  await page.getByLabel('What').selectOption('pairing.confirmed');
  await page.waitForURL(/action=pairing\.confirmed/);
  await expect.poll(() => page.getByRole('cell', { name: 'deleted a user' }).count()).toBe(0);
  await page.getByRole('cell', { name: 'paired a robot' }).waitFor();
});

it("changes one's own name and password, and ends other sessions", async () => {
  const api = await asUser(browser.server().url);
  await api('POST', '/users', { email: 'linus@lab.example', name: 'Linus', password: PASSWORD });
  const page = await (await browser.open({ as: 'linus@lab.example' })).newPage();
  const other = await (await browser.open({ as: 'linus@lab.example' })).newPage();
  await other.goto('/pair');
  await page.goto('/profile');
  const linus = (await api('GET', '/users?q=linus')).items[0];
  const administration = page.getByRole('link', { name: 'Audit log' });
  for (const [role, links] of [
    ['admin', 1],
    ['user', 0],
  ] as const) {
    await api('PATCH', `/users/${linus.id}`, { role });
    await expect.poll(() => administration.count()).toBe(links);
  }
  await page.getByLabel('Name').fill('Linus T.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Account' }).getByText('Linus T.').waitFor();
  await page.getByLabel('Current password').fill('wrong password');
  await page.getByLabel('New password').fill('another good one');
  await page.getByRole('button', { name: 'Change password' }).click();
  await visible(page, 'The current password is wrong');
  for (const name of ['node', 'curl']) {
    const headers = { 'content-type': 'application/json', 'user-agent': name === 'curl' ? 'curl/8.14.1' : name };
    const body = JSON.stringify({ email: 'linus@lab.example', password: PASSWORD });
    await fetch(`${browser.server().url}/api/auth/login`, { method: 'POST', headers, body });
  }
  await page.reload();
  const ends = page.getByRole('button', { name: /^End session/ });
  await page.getByRole('button', { name: 'End session curl' }).click();
  await expect.poll(() => ends.count()).toBe(2);
  expect(await page.getByRole('listitem').filter({ hasText: 'node' }).innerText()).toMatch(/with the password · used/);
  await page.getByRole('button', { name: 'End all others' }).click();
  await expect.poll(() => ends.count()).toBe(0);
  expect(await page.getByRole('button', { name: 'End all others' }).count()).toBe(0);
  await page.getByLabel('New password').fill('another good one');
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await visible(page, 'Password changed');
  await visible(other, 'Your session has ended');
});
