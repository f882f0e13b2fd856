import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { ensureBuilt } from '../build/ensure-built.ts';
import { DESKTOP, launchChromium } from '../e2e/chromium.ts';
import { askToPair, asUser } from '../e2e/robots.ts';
import { ADMIN, PASSWORD, startServer, withAdmin } from '../e2e/server.ts';
import { firstDrawMs, observeFrames, type Round, summary, table } from './panning-frames.ts';
import { drag, type Hand, pan, wheel } from './panning-hands.ts';
import { writeHistory } from './panning-robot.ts';

/** One point a second: 10,800 points per line. */
const SHOWN_S = 10_800;
const HISTORY_S = 12_000;
const CHARTS = 7;
const SETTLE_MS = 1_500;
const CODE = '14142135';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds);

await ensureBuilt();
const server = await startServer({ ...withAdmin, ROBOT_LINES_PER_SECOND: '1000000' });
const browser = await launchChromium();
try {
  const robot = await pairRobot(server.url);
  await writeHistory(server.url, robot.token, HISTORY_S);
  const rounds: Round[] = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    const load = loadavg()[0] as number;
    const [wheeled, dragged] = [await measure(robot.id, wheel), await measure(robot.id, drag)];
    const firstDraw = Math.min(wheeled.firstDraw, dragged.firstDraw);
    rounds.push({ load, firstDraw, wheel: wheeled.frames, drag: dragged.frames });
    process.stderr.write(
      `${i + 1}: ${Math.round(firstDraw)} ms · ${summary(wheeled.frames)} · ${summary(dragged.frames)}\n`,
    );
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Chromium ${browser.version()} without a GPU`;
  process.stdout.write(values.json ? `${JSON.stringify({ machine, rounds })}\n` : table(machine, rounds));
} finally {
  await browser.close();
  await server.remove();
}

async function measure(id: number, hand: Hand) {
  const page = await openRobot(id);
  const firstDraw = await firstDrawMs(page);
  const frames = await pan(page, hand, seconds * 1000);
  await page.context().close();
  return { firstDraw, frames };
}

async function pairRobot(url: string): Promise<{ id: number; token: string }> {
  await askToPair(url, CODE);
  const api = await asUser(url);
  const { robot_id, influxdb_token } = await api('POST', `/pair/${CODE}/confirm`, {});
  return { id: robot_id, token: influxdb_token };
}

/** The page requests as many points as it has pixels; here it gets every stored point. */
async function openRobot(id: number): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', baseURL: server.url });
  await context.request.post('/api/auth/login', { data: { email: ADMIN, password: PASSWORD } });
  const page = await context.newPage();
  await page.route(/\/metrics\/\w+\?/, (route, request) =>
    route.continue({ url: request.url().replace(/every=\w+/, 'every=1s') }),
  );
  await page.addInitScript(observeFrames);
  const to = Date.now() - 60_000;
  const [from, until] = [to - SHOWN_S * 1000, to].map((time) => new Date(time).toISOString());
  await page.goto(`/robots/${id}?from=${from}&to=${until}`);
  await page.waitForFunction((count) => document.querySelectorAll('[data-chart]').length === count, CHARTS);
  await page.waitForTimeout(SETTLE_MS);
  return page;
}
