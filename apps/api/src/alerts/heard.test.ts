import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listeningSince } from './heard.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);
const ago = (from: number, to: number) => ({ from: NOW - from * MINUTE, to: NOW - to * MINUTE });

it('counts only the time in which somebody listened', () => {
  expect(listeningSince(NOW, 10 * MINUTE, [])).toBe(NOW - 10 * MINUTE);
  expect(listeningSince(NOW, 10 * MINUTE, [ago(20, 8)])).toBe(NOW - 22 * MINUTE);
  expect(listeningSince(NOW, 10 * MINUTE, [ago(100, 50)])).toBe(NOW - 10 * MINUTE);
  expect(listeningSince(NOW, 10 * MINUTE, [ago(8, 6), ago(18, 8), ago(7, 6)])).toBe(NOW - 22 * MINUTE);
});

it('knows nothing until robots have had the time to report again', () => {
  expect(listeningSince(NOW, 10 * MINUTE, [ago(20, 4)])).toBeUndefined();
  expect(listeningSince(NOW, 2 * MINUTE, [ago(20, 1)])).toBeUndefined();
  expect(listeningSince(NOW, 2 * MINUTE, [ago(20, 2)])).toBe(NOW - 2 * MINUTE);
});

it('whatever the absences, exactly as much has been listened', () => {
  const span = fc.tuple(fc.integer({ min: 5, max: 300 }), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (spans, after) => {
      const absences = spans.map(([end, length]) => ago(end + length, end));
      const since = listeningSince(NOW, after * MINUTE, absences);
      if (since === undefined) return;
      let listened = 0;
      for (let at = since; at < NOW; at += MINUTE)
        if (!absences.some(({ from, to }) => at >= from && at < to)) listened += MINUTE;
      expect(listened).toBe(after * MINUTE);
    }),
  );
});
