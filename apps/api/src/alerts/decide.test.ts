import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decide, FLAPPING, type Observation, type Open, PATIENCE_MS, type Terms } from './decide.ts';

const STEP = 10_000;
const START = Date.UTC(2026, 0, 1);
type Look = 'holds' | 'between' | 'clear' | 'quiet' | 'nobody';

const look = fc.constantFrom<Look>('holds', 'between', 'clear', 'quiet', 'nobody');
const looks = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant<Look>('holds') }, look), { maxLength: 80 });
const terms = fc.record({
  forMs: fc.constantFrom(0, STEP, 3 * STEP, 10 * STEP),
  resolveForMs: fc.constantFrom(0, STEP, 5 * STEP),
});

const seen = (one: Look): Observation =>
  one === 'quiet'
    ? { kind: 'quiet' }
    : { kind: 'seen', holds: one === 'holds', isClear: one === 'clear', value: one === 'holds' ? 1 : 0 };

/** @returns the state after each look; a look by nobody breaks the watch */
function run(terms: Terms, looks: Look[], firings = 1) {
  let open: Open | undefined;
  let watchedSince = START;
  return looks.map((one, i) => {
    const now = START + i * STEP;
    if (one === 'nobody') {
      watchedSince = now + STEP;
      return { now, state: open?.state ?? 'none', open };
    }
    const next = decide(terms, open, seen(one), { now, watchedSince, firings });
    open = next.to === 'none' || next.to === 'resolved' ? undefined : { ...next, state: next.to };
    return { now, state: next.to, open };
  });
}

it('fires only after the condition has held at every look for as long as the rule asks', () => {
  fc.assert(
    fc.property(terms, looks, (terms, looks) => {
      const states = run(terms, looks);
      for (const [i, { state }] of states.entries()) {
        if (state !== 'firing' || (i > 0 && states[i - 1]?.state === 'firing')) continue;
        const needed = terms.forMs / STEP;
        const before = looks.slice(i - needed, i + 1);
        expect(before).toHaveLength(needed + 1);
        expect(before.filter((one) => one !== 'holds' && one !== 'quiet')).toEqual([]);
        expect(looks[i]).toBe('holds');
      }
    }),
  );
});

it('resolves only after it has been clear at every look for as long as the rule asks', () => {
  fc.assert(
    fc.property(terms, looks, (terms, looks) => {
      for (const [i, { state }] of run(terms, looks).entries()) {
        if (state !== 'resolved') continue;
        const before = looks.slice(i - terms.resolveForMs / STEP, i + 1);
        expect(before).toEqual(Array(terms.resolveForMs / STEP + 1).fill('clear'));
      }
    }),
  );
});

it('fires and resolves whenever that has been so', () => {
  fc.assert(
    fc.property(terms, looks, (terms, looks) => {
      const [needed, clear] = [terms.forMs / STEP + 1, terms.resolveForMs / STEP + 1];
      const after = [...looks, ...Array<Look>(needed).fill('holds')];
      expect(run(terms, after).at(-1)?.state).toBe('firing');
      expect(run(terms, [...after, ...Array<Look>(clear).fill('clear')]).at(-1)?.state).toBe('resolved');
    }),
  );
});

it('no news changes no firing alert, but says so, and ends a pending one after a while', () => {
  const quiet = (count: number) => Array<Look>(count).fill('quiet');
  const firing = run({ forMs: 0, resolveForMs: 0 }, ['holds', ...quiet(500)]).at(-1);
  expect(firing?.state).toBe('firing');
  expect(firing?.open).toMatchObject({ value: 1, quietSince: START + STEP });
  const pending = { forMs: 20 * STEP, resolveForMs: 0 };
  expect(run(pending, ['holds', ...quiet(PATIENCE_MS / STEP + 1)]).at(-1)?.state).toBe('pending');
  expect(run(pending, ['holds', ...quiet(PATIENCE_MS / STEP + 2)]).at(-1)?.state).toBe('none');
});

it('an alert that flaps resolves only once it has been clear for long', () => {
  const terms = { forMs: 0, resolveForMs: STEP };
  const long = FLAPPING.resolveForMs / STEP;
  const clear = (count: number): Look[] => ['holds', ...Array<Look>(count).fill('clear')];
  expect(run(terms, clear(long), FLAPPING.firings).at(-1)?.state).toBe('firing');
  expect(run(terms, clear(long + 1), FLAPPING.firings).at(-1)?.state).toBe('resolved');
  expect(run(terms, clear(2), FLAPPING.firings - 1).at(-1)?.state).toBe('resolved');
});
