import { expect, it } from 'vitest';
import { russianPlural } from '../app/i18n';
import { makeFormat } from './format';

const english = makeFormat('en-GB');
const russian = makeFormat('ru');
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

it('formats each unit as is usual in the language', () => {
  expect([english.inUnit(7.25, 'percent'), english.inUnit(61.48, 'celsius'), english.inUnit(null, 'percent')]).toEqual([
    '7.3 %',
    '61.5 °C',
    '–',
  ]);
  expect(english.inUnit(1536, 'bytes_per_second')).toBe('1.5 KiB/s');
  expect(russian.inUnit(1536, 'bytes_per_second')).toBe('1,5 КиБ/с');
  expect(russian.inUnit(24.05, 'volt')).toBe('24,1 В');
  expect([english.inUnit(157.7, 'mbit_s'), russian.inUnit(157.7, 'mbit_s')]).toEqual(['157.7 Mbit/s', '157,7 Мбит/с']);
  expect([english.inUnit(-61, 'dbm'), russian.inUnit(-61, 'dbm')]).toEqual(['-61 dBm', '-61 дБм']);
  expect([english.bytes(0), english.bytes(1023), english.bytes(5 * 2 ** 40)]).toEqual(['0 B', '1,023 B', '5 TiB']);
});

it('writes durations in the two largest units', () => {
  expect([5, 65, 3700, 180_000].map(english.duration)).toEqual(['5 s', '1 min', '1 h 1 min', '2 d 2 h']);
  expect([86_400, 7200, 1.5].map(english.duration)).toEqual(['1 d', '2 h', '1 s']);
  expect(russian.duration(180_000)).toBe('2 д 2 ч');
});

it('formats how long ago something was', () => {
  const now = Date.parse('2030-01-31T12:00:00Z');
  expect(plain(english.ago(now - 5_000, now))).toMatch(/^5 sec\.? ago$/);
  expect(plain(russian.ago(now - 7_200_000, now))).toMatch(/2 ч/);
});

it('uses the Russian plural forms: one, few, many', () => {
  expect([1, 2, 5, 11, 12, 21, 22, 25, 101, 111].map(russianPlural)).toEqual([1, 2, 3, 3, 3, 1, 2, 3, 1, 3]);
});

it('formats hours from 0 to 23 in every language', () => {
  const at = (hours: number, minutes = 5) => new Date(2030, 0, 31, hours, minutes, 9).getTime();
  for (const locale of ['en', 'en-US', 'en-GB', 'en-AU', 'en-IN', 'ru', 'ru-RU']) {
    const format = makeFormat(locale);
    const ways = [format.dateTime, format.exactTime, format.clock];
    ways.push(
      (time) => format.mark(time, 60),
      (time) => format.mark(time, 1),
    );
    for (const write of ways) {
      expect(write(at(15)), locale).toMatch(/15:05/);
      expect(write(at(0)), locale).toMatch(/\b00:05/);
      expect(write(at(15)), locale).not.toMatch(/[ap]\.?m/i);
    }
  }
});

it('labels ticks with day, minute or second, depending on their distance', () => {
  const format = makeFormat('en-US');
  const [midnight, noon] = [new Date(2030, 0, 31), new Date(2030, 0, 31, 12, 0, 1)].map(Number) as [number, number];
  const marks = (time: number) => [1, 60, 86_400].map((step) => format.mark(time, step, noon));
  expect(marks(noon)).toEqual(['12:00:01', '12:00', 'Jan 31']);
  expect(marks(midnight)).toEqual(['00:00:00', 'Jan 31', 'Jan 31']);
});

it('tells the year only where it is another one', () => {
  const now = new Date(2030, 0, 31).getTime();
  const [before, after] = [new Date(2029, 11, 31, 15), new Date(2030, 0, 1, 15)].map(Number) as [number, number];
  expect([before, after].map((time) => english.clock(time, now))).toEqual([
    '31 Dec 2029, 15:00:00',
    '01 Jan, 15:00:00',
  ]);
  expect([english.mark(before, 86_400, now), english.mark(after, 86_400, before)]).toEqual([
    '31 Dec 2029',
    '1 Jan 2030',
  ]);
  expect(english.mark(after, 86_400, now)).toBe('1 Jan');
  expect(english.mark(before, 3600, now)).toBe('15:00');
});

it('formats a number of any size in a few characters, and only zero as zero', () => {
  const none = (value: number) => english.inUnit(value, 'none');
  expect([1e9, 1.7e308, -1.234567e12, 5e-324, 1e-9, 0.004, 0].map(none)).toEqual([
    ...['1e9', '1.7e308', '-1.23e12', '5e-324', '1e-9', '0.004', '0'],
  ]);
  expect(russian.inUnit(1.7e308, 'celsius')).toBe('1,7e308 °C');
  expect([english.whole(1.7e308, 'celsius'), english.whole(-0.2, 'celsius'), english.whole(9_999, 'percent')]).toEqual([
    ...['2e308 °C', '0 °C', '9,999 %'],
  ]);
  expect([english.fixed(1e9, 2), english.fixed(1.5, 2)]).toEqual(['1e9', '1.50']);
  expect([english.duration(1.7e308), english.duration(5e-324), english.duration(-65)]).toEqual([
    ...['1.97e303 d', '5e-324 s', '-1 min'],
  ]);
  for (const unit of ['percent', 'celsius', 'bytes', 'bytes_per_second', 'per_second', 'seconds', 'volt'] as const)
    for (const value of [1e9, 1.7e308, -1.7e308, 5e-324, 123_456_789.123]) {
      expect(english.inUnit(value, unit).length, `${value} ${unit}`).toBeLessThan(18);
      expect(english.inUnit(value, unit)).toMatch(/[1-9]/);
    }
});
