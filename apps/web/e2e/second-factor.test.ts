import { readFile } from 'node:fs/promises';
import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { asUser } from './robots.ts';
import { ADMIN, PASSWORD, withAdmin } from './server.ts';

const fits = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Goes through the set-up that is open. @returns the app's secret and the recovery codes */
async function setUp(page: Page) {
  await page.getByLabel('Current password').last().fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const secret = (await page.getByRole('textbox', { name: 'Secret, for typing in' }).innerText()).trim();
  await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
  expect(await fits(page)).toBe(true);
  await page.getByLabel('Code from the app').fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await visible(page, 'This code is wrong, or was used already');
  await page.getByLabel('Code from the app').fill(new TOTP({ secret }).generate());
  await page.getByRole('button', { name: 'Confirm' }).click();
  const shown = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
  await shown.first().waitFor();
  const codes = await shown.allInnerTexts();
  expect([codes.length, await fits(page)]).toEqual([10, true]);
  await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('robowatch-recovery-codes.txt');
  const saved = await readFile(await file.path(), 'utf8');
  expect(saved).toContain(new URL(page.url()).host);
  expect(saved.split('\r\n').filter((line) => codes.includes(line))).toEqual(codes);
  await page.emulateMedia({ media: 'print' });
  const onPaper = async (name: string) =>
    page
      .getByText(name, { exact: true })
      .first()
      .evaluate((element) => getComputedStyle(element).visibility);
  expect([await onPaper(codes[0] as string), await onPaper('I have kept them')]).toEqual(['visible', 'hidden']);
  await page.emulateMedia({ media: null });
  await page.getByRole('button', { name: 'I have kept them' }).click();
  return { secret, codes };
}

async function enterPassword(page: Page, email: string) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

describe('with a second factor by choice', () => {
  const browser = useBrowser(withAdmin);

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('it is set up, asked for and removed on %s', async (where, viewport) => {
    const admin = await asUser(browser.server().url);
    const email = `${where.replace(' ', '-')}@lab.example`;
    await admin('POST', '/users', { email, name: where, role: 'user', password: PASSWORD });
    const page = await (await browser.open({ as: email, viewport })).newPage();
    await page.goto('/profile');
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    const { secret, codes } = await setUp(page);
    await visible(page, /set up on .* 10 recovery codes left/);
    expect(await page.content()).not.toContain(secret);

    const other = await (await browser.open({ viewport })).newPage();
    await other.goto('/sign-in?next=/profile');
    await enterPassword(other, email);
    await visible(other, 'Enter the code that your authenticator app shows.');
    await other.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.getByLabel('Recovery code').fill(codes[0] as string);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await visible(other, /9 recovery codes left/);
    expect(await fits(other)).toBe(true);

    await other.getByRole('button', { name: 'Remove the authenticator app' }).click();
    const dialog = other.getByRole('dialog');
    await dialog.getByLabel('Current password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Use a recovery code' }).click();
    await dialog.getByLabel('Recovery code').fill(codes[1] as string);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await visible(other, 'Not set up.');
  });

  it('says that there were too many wrong codes, and leads back to the password', async () => {
    const admin = await asUser(browser.server().url);
    const email = 'typing@lab.example';
    await admin('POST', '/users', { email, name: 'Typing', role: 'user', password: PASSWORD });
    const page = await (await browser.open({ as: email })).newPage();
    await page.goto('/profile');
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    const { codes } = await setUp(page);
    const other = await (await browser.open()).newPage();
    await other.goto('/sign-in?next=/profile');
    await enterPassword(other, email);
    for (let i = 0; i < 5; i++) {
      await other.getByLabel('Code from the app').fill('000000');
      const answered = other.waitForResponse(/second-factor/);
      await other.getByRole('button', { name: 'Sign in' }).click();
      await answered;
      if (i === 0) await visible(other, 'check the phone’s clock');
    }
    await visible(other, 'Too many wrong codes');
    expect(await other.getByRole('textbox').count()).toBe(0);
    await other.getByRole('button', { name: 'Begin again' }).click();
    await enterPassword(other, email);
    await other.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.getByLabel('Recovery code').fill('aaaa-aaaa-aaaa-aaaa');
    await other.getByRole('button', { name: 'Sign in' }).click();
    await visible(other, 'Check for typing mistakes');
    await other.getByLabel('Recovery code').fill(codes[0] as string);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.waitForURL(/\/profile$/);
  });

  it('an administrator resets what somebody has lost', async () => {
    const admin = await asUser(browser.server().url);
    const email = 'lost@lab.example';
    await admin('POST', '/users', { email, name: 'Lost', role: 'user', password: PASSWORD });
    const page = await (await browser.open({ as: email })).newPage();
    await page.goto('/profile');
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    await setUp(page);
    const users = await (await browser.open({ as: ADMIN })).newPage();
    await users.goto('/admin/users');
    await users.getByRole('button', { name: 'Actions for Lost' }).click();
    await users.getByRole('menuitem', { name: 'Reset second factor' }).click();
    await users.getByLabel(`Type ${email} to confirm`).fill(email);
    await users.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
    await users.getByRole('dialog').waitFor({ state: 'detached' });
    await visible(page, 'Your session has ended');
    await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await visible(page, 'Not set up.');
  });
});

describe('where administrators must have one', () => {
  const browser = useBrowser({ ...withAdmin, REQUIRE_SECOND_FACTOR: 'admins' });

  it('one is led to it after signing in, and then to where one was going', async () => {
    const page = await (await browser.open()).newPage();
    await page.goto('/sign-in?next=/admin/users');
    await enterPassword(page, ADMIN);
    await visible(page, 'This server requires a second factor. Set it up to continue.');
    await page.goto('/admin/audit');
    await visible(page, 'This server requires a second factor. Set it up to continue.');
    const { secret } = await setUp(page);
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    await page.getByRole('cell').getByText('added a second factor').first().waitFor();
    expect(await page.content()).not.toContain(secret);
  });
});
