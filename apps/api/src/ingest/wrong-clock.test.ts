import { describe, expect, it } from 'vitest';
import { findWrongClock } from './wrong-clock.ts';

const NOW = BigInt(Date.UTC(2026, 5, 1)) * 1_000_000n;
const S = 1_000_000_000n;
const DAY = 86_400n * S;
const limits = { receivedAt: NOW, oldest: NOW - 30n * DAY, newest: NOW + DAY };
const at = (year: number) => BigInt(Date.UTC(year, 0, 1)) * 1_000_000n;
const run = (from: bigint, lines = 5) => Array.from({ length: lines }, (_, i) => from + BigInt(i) * 10n * S);
const kindOf = (times: bigint[], more: { pairedAt?: bigint; oldest?: bigint } = {}) =>
  findWrongClock(times, { ...limits, ...more })?.kind;

describe('a clock is wrong', () => {
  it('before 2020, and further ahead than is accepted', () => {
    expect(findWrongClock(run(60n * S), limits)).toMatchObject({ kind: 'past', lines: 5, newest: 100n * S });
    expect(findWrongClock(run(NOW + 2n * DAY), limits)).toMatchObject({ kind: 'future', lines: 5 });
    expect(kindOf(run(at(2019)))).toBe('past');
  });

  it('until it is set, which plugins notice one after the other', () => {
    const set = [...run(60n * S), NOW, 110n * S, ...run(NOW - 20n * S, 2)];
    expect(findWrongClock(set, limits)).toMatchObject({ kind: 'past', lines: 6, newest: 110n * S });
    expect(findWrongClock([...run(NOW + 3n * DAY), NOW], limits)).toMatchObject({ kind: 'future', lines: 5 });
  });

  it('for all of a report that is in the future, if some of it is too far', () => {
    const times = [NOW + DAY - 30n * S, NOW + DAY + 30n * S];
    expect(findWrongClock(times, limits)).toMatchObject({ kind: 'future', lines: 2 });
  });

  it('a year before our agent was paired, where that is older than the retention', () => {
    expect(kindOf(run(at(2022)), { pairedAt: at(2026) })).toBe('past');
    expect(kindOf(run(at(2025) + DAY), { pairedAt: at(2026) })).toBeUndefined();
    expect(kindOf(run(at(2022)), { pairedAt: at(2026), oldest: at(2021) })).toBeUndefined();
  });
});

describe('a clock is not known to be wrong', () => {
  it.each<[string, bigint[]]>([
    ['late data', run(NOW - 20n * DAY)],
    ['data older than the retention', run(NOW - 40n * DAY)],
    ['data of an import', run(at(2021))],
    ['a clock that is ahead by less than is refused', run(NOW + DAY / 2n)],
    ['a forecast', [NOW + DAY / 2n, NOW + DAY, NOW + 2n * DAY, NOW + 3n * DAY]],
    ['a line with a time of its own among others', [NOW - 10n * S, 60n * S, NOW, NOW + 5n * DAY]],
    ['lines with times of their own in each round', [60n * S, NOW - 20n * S, 70n * S, NOW - 10n * S, 80n * S, NOW]],
    ['a time that was never set', [0n, 1n]],
    ['times before 1970', run(-100n * DAY)],
    ['no times', []],
  ])('%s', (_, times) => expect(kindOf(times)).toBeUndefined());

  it.each([1_000n, 1_000_000n, S])('recent times in a unit that is %d times as large', (unit) => {
    const times = run(NOW - DAY).map((time) => time / unit);
    expect(kindOf(times)).toBeUndefined();
    // Some uptime looks the same. Our agent does not mistake units, and a clock goes on.
    expect(kindOf(times, { pairedAt: NOW })).toBe('past');
    expect(kindOf([...times, NOW / unit + 10n * DAY])).toBe('past');
  });

  it('data before 2020 that the retention covers', () => {
    expect(kindOf(run(at(2018)), { oldest: at(2015) })).toBeUndefined();
    expect(kindOf(run(60n * S), { oldest: -DAY })).toBeUndefined();
  });
});
