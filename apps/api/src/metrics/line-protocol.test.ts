import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine } from './decode-line.ts';
import { stampLines } from './line-protocol.ts';

const AT = 1_700_000_000_000_000_000n;
const tags = new Map([
  ['robot', ',robot=r'],
  ['hostname', ',hostname=h'],
  ['arch', ',arch=arm64'],
  ['robot_id', ',robot_id=7'],
]);
const stamp = { tags, receivedAt: AT, oldest: -(2n ** 63n), newest: 2n ** 63n };
const read = (text: string | Buffer, precision: 'ns' | 'us' | 'ms' | 's' = 'ns') =>
  stampLines(Buffer.from(text), precision, stamp);
const accepted = (text: string) => read(text).lines.map(String);

describe('stampLines', () => {
  it('stamps who the robot is, sorts tag keys and adds the time of receipt', () => {
    expect(accepted('cpu,z=1,cpu=a b=1')).toEqual([
      `cpu,arch=arm64,cpu=a,hostname=h,robot=r,robot_id=7,z=1 b=1 ${AT}\n`,
    ]);
  });

  it('drops the identity a client sent, in every escaped spelling', () => {
    const mine = accepted('cpu v=1');
    for (const line of [
      'cpu,robot=x v=1',
      'cpu,robot_id=9,hostname=evil,arch=z v=1',
      'cpu,robot=a\\ b v=1',
      'cpu,robot=1,robot=2 v=1',
    ]) {
      expect(accepted(line), line).toEqual(mine);
    }
  });

  it.each([
    ['cpu v=NaN', 'invalid number'],
    ['cpu v=inf', 'invalid boolean'],
    ['cpu v=1e999', 'invalid number'],
    ['cpu v=9223372036854775808i', 'integer out of range'],
    ['cpu v=-1u', 'invalid number'],
    ['cpu v=18446744073709551616u', 'unsigned integer out of range'],
    ['cpu v=1.5i', 'invalid number'],
    ['cpu v=tru', 'invalid boolean'],
    ['cpu v="open', 'unbalanced quotes'],
    ['cpu v=', 'missing field value'],
    ['cpu', 'missing fields'],
    ['cpu,a= v=1', 'missing tag value'],
    ['cpu,a=1,a=2 v=1', 'duplicate tags'],
    [',a=1 v=1', 'missing measurement'],
    ['cpu v=1 12x', 'bad timestamp'],
    ['cpu v=1 9223372036854775807', 'timestamp out of range'],
    ['cpu,_field=x v=1', 'reserved'],
    ['cpu,a=b\\ v=1', 'invalid tag format'],
  ])('refuses %s', (line, reason) => {
    const { lines, rejected } = read(line);
    expect(lines).toEqual([]);
    expect(rejected[0]?.reason).toContain(reason);
  });

  it('keeps quoted newlines, commas and escaped quotes in a string', () => {
    const { lines, numbers } = read('a s="one\ntwo, \\"three\\" = \\\\"\nb v=1');
    expect(decodeLine(lines[0] as Buffer).fields.get('s')).toEqual({ type: 'string', value: 'one\ntwo, "three" = \\' });
    expect(numbers).toEqual([1, 3]);
  });

  it('refuses a line that would swallow the one behind it', () => {
    expect(read('a,\\\\ =" f=1').rejected[0]?.reason).toContain('ambiguous');
  });

  it('scales timestamps to nanoseconds', () => {
    expect(read('a v=1 1500', 'ms').lines.map(String)[0]).toMatch(/ 1500000000\n$/);
    expect(read('a v=1 -2', 's').lines.map(String)[0]).toMatch(/ -2000000000\n$/);
    expect(read('a v=1 9223372037', 's').rejected[0]?.reason).toBe('timestamp out of range');
  });

  it('never throws, and accounts for every line of arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { lines, rejected } = read(Buffer.from(bytes));
        for (const line of lines) decodeLine(line);
        return lines.length + rejected.length <= bytes.filter((byte) => byte === 10).length + 1;
      }),
      { numRuns: 5000, seed: 1033511824 },
    );
  });

  it('reads its own output as the same line again', () => {
    const alphabet = fc.constantFrom(...'ab,= \\"\n1ié.#'.split(''));
    const text = fc.string({ unit: alphabet, maxLength: 8 });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.oneof(fc.constantFrom('1', '2i', '3u', 't', '"x"'), text),
        (name, key, value, field) => {
          const [line] = read(`${name},${key}=${value} f=${field}`).lines;
          if (line) expect(read(line).lines.map(String)).toEqual([String(line)]);
        },
      ),
      { numRuns: 20_000, seed: 1033511824 },
    );
  });
});
