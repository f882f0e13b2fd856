import { expect, it } from 'vitest';
import { unitOf } from './measurement-units';

it.each([
  ['mem', 'total', 'bytes'],
  ['disk', 'free', 'bytes'],
  ['processes', 'total', 'none'],
  ['drive', 'speed_m_s', 'none'],
  ['drive', 'turn_rad_s', 'none'],
  ['drive', 'driven_s', 'seconds'],
  ['drive', 'uptime', 'seconds'],
  ['net', 'bytes_recv', 'bytes_per_second'],
  ['net', 'packets_recv', 'per_second'],
  ['constructor', 'toString', 'none'],
  ['__proto__', 'hasOwnProperty', 'none'],
] as const)('%s %s is measured in %s', (measurement, field, unit) => {
  expect(unitOf(measurement, field)).toBe(unit);
});
