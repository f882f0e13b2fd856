import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
const MAX_KEY = 63;
const MAX_LABELS = 32;

/** Robots that never report are enough to be labelled. */
async function paired(...names: string[]): Promise<number[]> {
  const { url } = browser.server();
  const api = await asUser(url);
  const ids: number[] = [];
  for (const name of names) {
    const code = String(Math.floor(Math.random() * 9e7) + 1e7);
    await askToPair(url, code, name);
    ids.push((await api('POST', `/pair/${code}/confirm`, { name })).robot_id);
  }
  return ids;
}

it('labels are edited, filtered by, and kept in the URL', async () => {
  const [lab = 0, hall = 0] = await paired('in-the-lab', 'in-the-hall');
  const api = await asUser(browser.server().url);
  await api('PATCH', `/robots/${hall}`, { labels: { site: 'hall', floor: '2' } });
  const page = await (await browser.admin()).newPage();
  await page.goto(`/robots/${lab}/settings`);
  const labels = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Labels' }) });
  const save = labels.getByRole('button', { name: 'Update labels' });
  const add = labels.getByRole('button', { name: 'Add a label' });
  const type = async (n: number, key: string, value: string) => {
    await labels.getByLabel(`Key of label ${n}`).fill(key);
    await labels.getByLabel(`Value of label ${n}`).fill(value);
  };
  await add.click();
  await page.keyboard.type('site');
  await type(1, 'site', 'lab');
  await add.click();
  await type(2, 'site', '2');
  await labels.getByText('Another label has this key already.').waitFor();
  await save.click();
  await expect
    .poll(() => labels.getByLabel('Key of label 2').evaluate((field) => field === document.activeElement))
    .toBe(true);
  await type(2, 'k'.repeat(MAX_KEY + 1), '2');
  await labels.getByText('longer than 63 characters').waitFor();
  await type(2, 'k'.repeat(MAX_KEY), 'long');
  await add.click();
  await type(3, 'floor', '2');
  await save.click();
  await page.getByRole('link', { name: 'site:lab' }).waitFor();
  const saved = async () => (await api('GET', `/robots/${lab}`)).labels;
  expect(await saved()).toEqual({ site: 'lab', floor: '2', ['k'.repeat(MAX_KEY)]: 'long' });
  await labels.getByRole('button', { name: /^Remove label k+/ }).click();
  await save.click();
  await expect.poll(saved).toEqual({ site: 'lab', floor: '2' });

  await page.goto('/');
  const names = () => page.getByRole('table').getByRole('link').allInnerTexts();
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await expect.poll(names).toEqual(['in-the-hall', 'in-the-lab']);
  await row('in-the-lab').getByRole('button', { name: 'floor:2' }).click();
  await page.waitForURL(/\?label=floor:2$/);
  await expect.poll(names).toEqual(['in-the-hall', 'in-the-lab']);
  await row('in-the-lab').getByRole('button', { name: 'site:lab' }).click();
  await page.waitForURL(/label=floor:2&label=site:lab/);
  await expect.poll(names).toEqual(['in-the-lab']);
  await page.reload();
  await expect.poll(names).toEqual(['in-the-lab']);
  expect(await row('in-the-lab').getByRole('button', { name: 'site:lab' }).getAttribute('aria-pressed')).toBe('true');

  await api('PATCH', `/robots/${lab}`, { labels: {} });
  await visible(page, 'No robots match the labels in the filter.');
  await page.getByRole('button', { name: 'Remove site:lab from the filter' }).click();
  await expect.poll(names).toEqual(['in-the-hall']);
  await page.goto('/?label=site:nowhere');
  await page.getByRole('button', { name: 'Clear the label filter' }).click();
  await expect.poll(names).toEqual(['in-the-hall', 'in-the-lab']);
  expect(new URL(page.url()).search).toBe('');
});

it('shows all labels of a robot, none of which widens a page', async () => {
  const [id = 0] = await paired('labelled');
  const api = await asUser(browser.server().url);
  const many = Array.from({ length: MAX_LABELS - 1 }, (_, i) => [`key-${i}`, 'value']);
  await api('PATCH', `/robots/${id}`, {
    labels: Object.fromEntries([['a'.repeat(MAX_KEY), 'b'.repeat(128)], ...many]),
  });
  for (const viewport of [PHONE, DESKTOP]) {
    const page = await (await browser.open({ as: ADMIN, viewport })).newPage();
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await page.goto(`/robots/${id}/settings`);
    await page.getByText('A robot can have 32 labels at most.').waitFor();
    expect(await page.getByRole('button', { name: 'Add a label' }).isDisabled()).toBe(true);
    expect(await width(), 'robot').toBeLessThanOrEqual(viewport.width);
    await page.getByRole('link', { name: 'key-30:value' }).click();
    await page.waitForURL(/label=key-30:value/);
    for (const view of ['Rows', 'Cards']) {
      await page.getByRole('button', { name: view }).click();
      const cells = page.locator('[role=cell], article').filter({ hasText: 'labelled' });
      await cells.getByText(/\+(29|30|31)/).waitFor();
      const over = await cells.first().evaluate((cell) => {
        const box = cell.getBoundingClientRect();
        return [...cell.querySelectorAll('button, button + span')].filter((part) => {
          const { right, bottom } = part.getBoundingClientRect();
          return right > box.right + 1 || bottom > box.bottom + 1;
        }).length;
      });
      expect(over, view).toBe(0);
      expect(await width(), view).toBeLessThanOrEqual(viewport.width);
    }
  }
});
