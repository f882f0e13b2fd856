import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { type Frames, takeFrames } from './panning-frames.ts';

const INPUT_EVERY_MS = 8;
/** How far a drag goes, in px, and how long until it reverses. */
const SWING = { px: 180, ms: 1_500 };
const SHIFT = 8;

interface Place {
  x: number;
  y: number;
}
export interface Hand {
  begin(cdp: CDPSession, at: Place): Promise<unknown>;
  /** Moves by `step` px since the last call, to `at`. */
  move(cdp: CDPSession, at: Place, step: number): Promise<unknown>;
  end(cdp: CDPSession, at: Place): Promise<unknown>;
}

const left = { button: 'left', clickCount: 1, modifiers: SHIFT } as const;
const still = async () => undefined;

/** Drags with Shift and the left button. */
export const drag: Hand = {
  begin: (cdp, at) => cdp.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at, ...left, buttons: 1 }),
  move: (cdp, at) => cdp.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at, ...left, buttons: 1 }),
  end: (cdp, at) => cdp.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at, ...left, buttons: 0 }),
};

/** Scrolls sideways on a touchpad; the pointer stays where it is. */
export const wheel: Hand = {
  begin: still,
  move: (cdp, at, step) => {
    const x = at.x - SWING.px / 2;
    return cdp.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y: at.y, deltaX: -3 * step, deltaY: 0 });
  },
  end: still,
};

/** Pans the first chart back and forth. Input is sent on time, whether or not the page keeps up. */
export async function pan(page: Page, hand: Hand, durationMs: number): Promise<Frames> {
  const box = await page.locator('[data-chart] .u-over').first().boundingBox();
  if (!box) throw new Error('There is no chart.');
  const start = { x: box.x + (box.width - SWING.px) / 2, y: box.y + box.height / 2 };
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.mouse.move(start.x, start.y);
  await hand.begin(cdp, start);
  await takeFrames(page, cdp);
  const sent: Promise<unknown>[] = [];
  const began = performance.now();
  let at = start;
  for (let passed = 0; passed < durationMs; passed = performance.now() - began) {
    const x = start.x + ((1 - Math.cos((passed / SWING.ms) * Math.PI)) / 2) * SWING.px;
    sent.push(hand.move(cdp, { ...at, x }, x - at.x));
    at = { ...at, x };
    await sleep(INPUT_EVERY_MS);
  }
  const frames = await takeFrames(page, cdp);
  await Promise.all(sent);
  await hand.end(cdp, at);
  return frames;
}
