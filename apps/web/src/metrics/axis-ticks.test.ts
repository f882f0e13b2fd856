import { expect, it } from 'vitest';
import { makeFormat } from '../ui/format';
import { tickSteps, writeTicks } from './axis-ticks';

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

it('writes as many digits as the step has: no two marks read alike', () => {
  expect(ticks('percent', 0.5, 79, 79.5, 80)).toEqual(['79 %', '79.5 %', '80 %']);
  expect(ticks('celsius', 0.25, 60, 60.25)).toEqual(['60 °C', '60.25 °C']);
  expect(ticks('percent', 20, 0, 20)).toEqual(['0 %', '20 %']);
  expect(ticks('seconds', 1800, 0, 1800, 3600)).toEqual(['0 s', '30 min', '1 h 0 min']);
  expect(ticks('seconds', 0.5, 0, 0.5)).toEqual(['0 s', '0.5 s']);
  expect(ticks('none', 0.001, 1, 1.001)).toEqual(['1', '1.001']);
});
