import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axeCore from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { en } from '../src/locales/en';
import { ru } from '../src/locales/ru';
import { LEVEL_GROUPS } from '../src/metrics/log-levels';
import { problemReply, useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { askToPair, asUser, startRobots } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const TAGS = [...WCAG, 'best-practice'];
const browser = useBrowser(withAdmin);
let robots: Awaited<ReturnType<typeof startRobots>>;
let robotId: number;
let talkativeId: number;
let ruleId: number;
beforeAll(async () => {
  const { url } = browser.server();
  robots = await startRobots(url, { robots: 2 });
  await askToPair(url, '16180339');
  const api = await asUser(url);
  robotId = (await api('GET', '/robots')).items.find((robot: { name: string }) => robot.name === 'courier-01').id;
  // Whatever the temperature: it fires at once.
  const condition = {
    kind: 'threshold',
    measurement: 'temp',
    field: 'temp',
    fn: 'mean',
    window_s: 120,
    op: '>=',
    value: 1,
  };
  ruleId = (await api('POST', '/alert-rules', { name: 'Темп.', scope: { all: true }, condition })).id;
  talkativeId = await talkative(url, api);
  const hook = { kind: 'webhook', name: 'Чат', settings: { url: 'https://chat.lab.example/hook' } };
  await api('POST', '/alert-channels', hook);
});
afterAll(() => robots?.stop());

/** A robot whose log has entries of each level, in words that the pages have, too. @returns its number */
async function talkative(url: string, api: Awaited<ReturnType<typeof asUser>>): Promise<number> {
  await askToPair(url, '27182818', 'talkative');
  const { robot_id, influxdb_token } = await api('POST', '/pair/27182818/confirm', {});
  const levels = Object.values(LEVEL_GROUPS).flat();
  const body = levels.map((level, i) => `syslog level="${level}",program="power",message="Settings" ${Date.now() - i}`);
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=ms`, { method: 'POST', headers, body: body.join('\n') });
  expect(reply.status).toBe(204);
  return robot_id;
}

/** Each page, and what is present once it has loaded. */
const pages = (): [path: string, ready: string][] => [
  ['/', 'article, [role=row] a'],
  ['/pair', 'fieldset'],
  ['/pair?code=16180339', 'dl'],
  [`/robots/${robotId}`, '[data-chart] canvas'],
  [`/robots/${robotId}/logs`, 'ol li'],
  [`/robots/${talkativeId}/logs`, 'ol li'],
  [`/robots/${robotId}/settings`, 'select option:nth-child(1)'],
  [`/robots/${robotId}/alerts`, '[data-alert]'],
  ['/alerts', '[data-alert]'],
  ['/alerts/rules', '[data-rule]'],
  ['/alerts/rules/new', '[role=status]'],
  [`/alerts/rules/${ruleId}`, '[data-chart=preview] canvas'],
  ['/alerts/channels', '[data-channel]'],
  ['/alerts/silences', 'button'],
  ['/admin/users', 'td'],
  ['/admin/robots', 'td'],
  ['/admin/audit', 'td'],
  ['/profile', 'li'],
  ['/no/such/page', 'h1'],
  ['/robots/999999', 'h1'],
];

type Messages = { [key: string]: string | Messages };
const flat = (messages: Messages): string[] =>
  Object.values(messages).flatMap((text) => (typeof text === 'string' ? text.split(' | ') : flat(text)));
/** English texts that differ from the Russian ones. The tests' administrator is named like one of them. */
const ENGLISH = new Set(flat(en).filter((text) => /[a-z]{4}/i.test(text)));
for (const text of [...flat(ru), 'Administrator']) ENGLISH.delete(text);

/** Every piece of text of ours, including labels for screen readers and tooltips; not what robots wrote. */
const texts = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const written: string[] = [];
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) {
      const { parentElement, nodeValue } = nodes.currentNode;
      if (!parentElement?.closest('[translate=no]')) written.push(nodeValue ?? '');
    }
    for (const name of ['aria-label', 'title', 'placeholder'])
      for (const element of document.querySelectorAll(`[${name}]`)) written.push(element.getAttribute(name) ?? '');
    return written.map((text) => text.trim());
  });

/** @param tags fewer for overlays: a menu is never inside a landmark */
async function violations(page: Page, tags = TAGS): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async (tags) => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    return (await axe.run(document, { runOnly: { type: 'tag', values: tags } })).violations;
  }, tags);
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

describe.each([
  ['light', 'en-GB', DESKTOP],
  ['dark', 'ru-RU', DESKTOP],
  ['light', 'ru-RU', PHONE],
] as const)('%s, %s, %o', (colorScheme, locale, viewport) => {
  const look = { colorScheme, locale, viewport, reducedMotion: 'reduce' } as const;

  it('no page violates an axe rule or has untranslated text', async () => {
    const context = await browser.open({ as: ADMIN, ...look });
    const page = await context.newPage();
    const faults: Record<string, string[]> = {};
    for (const [path, ready] of pages()) {
      await page.goto(path);
      await page.locator(ready).first().waitFor({ state: 'attached' });
      const found = await violations(page);
      const untranslated = (await page.locator('body').innerText()).match(
        /\b(app|auth|robots|pairing|metrics|users|audit|problems)\.[a-z]\w+/g,
      );
      if (untranslated) found.push(`no text for ${untranslated}`);
      if (locale === 'ru-RU') found.push(...(await texts(page)).filter((text) => ENGLISH.has(text)));
      if (found.length > 0) faults[path] = found;
    }
    expect(faults).toEqual({});
    expect(
      await page.evaluate(() => [document.documentElement.lang, document.documentElement.classList.contains('dark')]),
    ).toEqual([locale.slice(0, 2), colorScheme === 'dark']);
  });

  it('neither public pages nor menus and dialogs violate an axe rule', async () => {
    const context = await browser.open(look);
    const page = await context.newPage();
    for (const path of ['/sign-in', '/setup#x', '/invitation#x']) {
      await page.goto(path);
      await page.locator('h1').waitFor();
      expect(await violations(page), path).toEqual([]);
    }
    await browser.signIn(context, ADMIN);
    await page.goto('/admin/users');
    await page.locator('td button').first().click();
    await page.getByRole('menu').waitFor();
    expect(await violations(page, WCAG), 'menu').toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('main button').first().click();
    await page.getByRole('dialog').waitFor();
    expect(await violations(page, WCAG), 'dialog').toEqual([]);
    const openDialog = async (path: string, open: () => Promise<unknown>) => {
      await page.goto(path);
      await open();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page, WCAG), path).toEqual([]);
    };
    await openDialog(`/robots/${robotId}`, () => page.locator('select').first().selectOption('own'));
    const settings = `/robots/${robotId}/settings`;
    await openDialog(settings, () =>
      page.locator('main section:not(:has(form, [aria-expanded])) button').nth(1).click(),
    );
    await openDialog(settings, () => page.locator('main section button').last().click());
    await page.route('**/api/**', (route) => route.fulfill(problemReply(401, 'session_ended')));
    await page.keyboard.press('Escape');
    // A request of the page may have opened the dialog already; then this click lands under it.
    await page.locator('header a').first().dispatchEvent('click');
    await page
      .getByLabel(/^(Password|Пароль)/)
      .first()
      .waitFor();
    expect(await violations(page, WCAG), 'session ended').toEqual([]);
  });
});

it.each([
  [320, 'ru-RU'],
  [PHONE.width, 'en-GB'],
])('every page fits a screen of %i px in %s', async (width, locale) => {
  const page = await (await browser.open({ as: ADMIN, viewport: { width, height: 700 }, locale })).newPage();
  for (const [path, ready] of pages()) {
    await page.goto(path);
    await page.locator(ready).first().waitFor({ state: 'attached' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
  }
  await page.goto('/');
  await page.getByRole('button', { name: /^(Rows|Строки)$/ }).click();
  await page.locator('[role=row] a').first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth), 'rows').toBeLessThanOrEqual(width);
});

it('the cells of a fleet row do not overlap', async () => {
  const page = await (
    await browser.open({ as: ADMIN, viewport: { width: 800, height: 700 }, locale: 'ru-RU' })
  ).newPage();
  const seen = new Date(Date.now() - 26 * 3_600_000).toISOString();
  await page.route('**/api/robots?*', async (route) => {
    const { items } = await (await route.fetch()).json();
    const silent = items.map((robot: object) => ({ ...robot, online: false, last_seen_at: seen }));
    await route.fulfill({ json: { items: silent, next_cursor: null } });
  });
  await page.goto('/');
  await page.locator('[role=row] a').first().waitFor();
  const overflow = await page.locator('[role=cell]').evaluateAll((cells) =>
    cells.flatMap((cell) => {
      const { right } = cell.getBoundingClientRect();
      return [...cell.querySelectorAll('*')].some((part) => part.getBoundingClientRect().right > right + 1)
        ? [cell.textContent]
        : [];
    }),
  );
  // The page reads the fleet again while the test ends.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  expect(overflow).toEqual([]);
});

it('a long name without spaces widens no page', async () => {
  const { url } = browser.server();
  const [code, name] = ['11235813', 'x'.repeat(120)];
  await askToPair(url, code, 'y'.repeat(63));
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE })).newPage();
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  await page.goto(`/pair?code=${code}`);
  await page.getByLabel('Name').fill(name);
  expect(await width(), 'found').toBeLessThanOrEqual(PHONE.width);
  await page.getByRole('button', { name: 'Yes, pair it' }).click();
  await visible(page, `${name} is yours`);
  expect(await width(), 'paired').toBeLessThanOrEqual(PHONE.width);
  await page.getByRole('link', { name: 'Open the robot now' }).click();
  await page.getByRole('heading', { name }).waitFor();
  expect(await width(), 'robot').toBeLessThanOrEqual(PHONE.width);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete this robot' }).click();
  await page.getByRole('dialog').waitFor();
  expect(await width(), 'deleting').toBeLessThanOrEqual(PHONE.width);
  const dialog = await page.getByRole('dialog').evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(dialog).toBeLessThanOrEqual(0);
  await page.goto('/');
  await page.getByRole('article').first().waitFor();
  expect(await width(), 'fleet').toBeLessThanOrEqual(PHONE.width);
});

it('the navigation works on a phone', async () => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, hasTouch: true, isMobile: true })).newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Navigation' }).tap();
  await page.getByRole('link', { name: 'Audit log' }).tap();
  await page.getByRole('heading', { name: 'Audit log' }).waitFor();
});

it('tables on a phone start with what matters, and their tools have the same height', async () => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE })).newPage();
  const rightOf = async (heading: string) => {
    const box = await page.getByRole('columnheader', { name: heading, exact: true }).boundingBox();
    return (box?.x ?? 0) + (box?.width ?? 0);
  };
  await page.goto('/admin/users');
  await page.getByRole('columnheader').first().waitFor();
  expect(await rightOf('Role')).toBeLessThanOrEqual(PHONE.width);
  await visible(page, ADMIN);
  await page.goto('/admin/audit');
  await page.getByRole('columnheader').first().waitFor();
  expect(await rightOf('What')).toBeLessThanOrEqual(PHONE.width);
  await page.goto('/admin/robots');
  await page.getByRole('columnheader').first().waitFor();
  const heights = await page
    .locator('main select, main input')
    .evaluateAll((tools) => tools.map((tool) => tool.getBoundingClientRect().height));
  expect(new Set(heights).size, String(heights)).toBe(1);
});

it("a robot's name stays in the title when the language changes", async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto(`/robots/${robotId}`);
  await expect.poll(() => page.title()).toBe('courier-01 · Robowatch');
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Русский' }).click();
  await page.getByRole('link', { name: 'Графики' }).waitFor();
  expect(await page.title()).toBe('courier-01 · Robowatch');
});

it('changes the language and the theme without a reload, and remembers both', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/profile');
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.getByLabel('Language').selectOption('ru');
  await page.getByRole('heading', { name: 'Профиль' }).waitFor();
  await page.getByLabel('Тема').selectOption('dark');
  await expect.poll(() => page.evaluate(() => document.documentElement.classList.contains('dark'))).toBe(true);
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
  await page.reload();
  await visible(page, 'Сеансы');
  expect(await page.title()).toBe('Профиль · Robowatch');
  expect(await page.evaluate(() => document.documentElement.classList.contains('dark'))).toBe(true);
});
