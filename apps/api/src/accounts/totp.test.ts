import { describe, expect, it } from 'vitest';
import { newRecoveryCodes, normaliseRecoveryCode, stepOf, totpUri } from './totp.ts';

/** RFC 6238, appendix B: the ASCII secret 12345678901234567890, in base32; the last six of the eight digits. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
];

describe('a code', () => {
  it.each(VECTORS)('at %i s is that of RFC 6238, %s', (seconds, code) => {
    expect(stepOf(SECRET, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it('is accepted one step early or late, as that step’s, and no further', () => {
    const [seconds, code] = VECTORS[3] as [number, string];
    const seen = [-2, -1, 0, 1, 2].map((steps) => stepOf(SECRET, code, (seconds + steps * 30) * 1000));
    const step = Math.floor(seconds / 30);
    expect(seen).toEqual([undefined, step, step, step, undefined]);
  });

  it.each(['', '28708', '2870822', 'abcdef', '２８７０８２', '-87082', '287082x'])('is not "%s"', (code) => {
    expect(stepOf(SECRET, code, 59_000)).toBeUndefined();
  });

  it('may be written in two groups', () => {
    expect(stepOf(SECRET, '287 082', 59_000)).toBe(1);
  });
});

it('the address names the server and the account', () => {
  expect(totpUri(SECRET, 'ada@lab.example')).toBe(
    `otpauth://totp/Robowatch:ada%40lab.example?issuer=Robowatch&secret=${SECRET}&algorithm=SHA1&digits=6&period=30`,
  );
});

it('recovery codes are ten, of 16 signs that cannot be confused, however they are typed in', () => {
  const codes = newRecoveryCodes();
  expect([codes.length, new Set(codes).size]).toEqual([10, 10]);
  for (const code of codes) expect(code).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/);
  expect(normaliseRecoveryCode(' ABCD efgh-jkmn 2345 ')).toBe('abcdefghjkmn2345');
});
