import { expect, it } from 'vitest';
import { makeFormat } from '../ui/format';
import { tickSteps, writeTicks } from './axis-ticks';
import { axisWidth } from './plot-options';

const english = makeFormat('en-GB');
const ticks = (unit: Parameters<typeof writeTicks>[1], step: number, ...values: number[]) =>
  writeTicks(english, unit, values, step);

it('counts bytes in powers of two', () => {
  expect(tickSteps('bytes_per_second')).toContain(256 * 1024);
  expect(tickSteps('bytes')).not.toContain(200_000);
  const step = 256 * 1024;
  expect(ticks('bytes_per_second', step, 0, step, 2 * step)).toEqual(['0 KiB/s', '256 KiB/s', '512 KiB/s']);
  expect(ticks('bytes', step, 0, 3 * step, 5 * step)).toEqual(['0 MiB', '0.75 MiB', '1.25 MiB']);
  expect(writeTicks(makeFormat('ru'), 'bytes', [2 ** 29, 2 ** 30], 2 ** 29)).toEqual(['0,5 ГиБ', '1 ГиБ']);
});

it('uses as many digits as the step, so that no two ticks look the same', () => {
  expect(ticks('percent', 0.5, 79, 79.5, 80)).toEqual(['79 %', '79.5 %', '80 %']);
  expect(ticks('celsius', 0.25, 60, 60.25)).toEqual(['60 °C', '60.25 °C']);
  expect(ticks('percent', 20, 0, 20)).toEqual(['0 %', '20 %']);
  expect(ticks('seconds', 1800, 0, 1800, 3600)).toEqual(['0 s', '30 min', '1 h']);
  expect(ticks('seconds', 0.5, 0, 0.5)).toEqual(['0 s', '0.5 s']);
  expect(ticks('none', 0.001, 1, 1.001)).toEqual(['1', '1.001']);
});

it('keeps ticks of any size short, and still different', () => {
  expect(ticks('none', 5e8, 0, 5e8, 1e9)).toEqual(['0', '5e8', '1e9']);
  expect(ticks('celsius', 2.5e307, 0, 2.5e307, 1.75e308)).toEqual(['0 °C', '2.5e307 °C', '1.75e308 °C']);
  expect(ticks('none', 500, 1e9, 1_000_000_500)).toEqual(['1e9', '1.0000005e9']);
  expect(ticks('percent', 5e-10, 0, 5e-10, 1e-9)).toEqual(['0 %', '5e-10 %', '1e-9 %']);
  expect(ticks('bytes', 2 ** 300, 2 ** 300)[0]).toMatch(/^\S+e75 PiB$/);
  for (const unit of ['none', 'bytes', 'seconds'] as const) expect(tickSteps(unit).at(-1)).toBeGreaterThan(1e306);
});

it('makes room for its ticks', () => {
  const ctx = { save() {}, restore() {}, font: '', measureText: (text: string) => ({ width: text.length * 7 }) };
  const width = (...marks: string[]) => axisWidth({ ctx: ctx as never }, marks);
  expect([width('0 %', '100 %'), width('2,000,000,000 °C')]).toEqual([64, 121]);
  expect(axisWidth({ ctx: ctx as never }, null)).toBe(64);
});
