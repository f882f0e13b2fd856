import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine } from './decode-line.ts';
import { currentLine, RobotShape } from './robot-shape.ts';
import type { Precision } from './scan-line.ts';
import { stampLines } from './stamp-lines.ts';

const AT = 1_700_000_000_000_000_000n;
const robot = {
  id: 7,
  name: 'r',
  hostname: 'h',
  architecture: 'arm64',
  status: 'active',
  has_written: true,
  owner_id: 1,
  version: '1',
} as const;
const tags = new Map([
  ['robot', ',robot=r'],
  ['hostname', ',hostname=h'],
  ['arch', ',arch=arm64'],
  ['robot_id', ',robot_id=7'],
]);
const read = (text: string | Buffer, precision: Precision = 'ns', shape = new RobotShape(robot, tags)) =>
  readWith(shape, text, precision);
const readWith = (shape: RobotShape, text: string | Buffer, precision: Precision = 'ns') => {
  const stamped = stampLines(Buffer.from(text), precision, {
    shape,
    receivedAt: AT,
    oldest: -(2n ** 63n),
    newest: 2n ** 63n,
  });
  const lines = stamped.ends.map((_, index) => stamped.line(index));
  const novel = [...stamped.newSeries].map(({ head }) => head.slice(0, head.indexOf(',')));
  return { lines, numbers: stamped.numbers, rejected: stamped.rejected, novel, stamped };
};
const accepted = (text: string) => read(text).lines.map(String);
/** Admits new series and fields, as the catalog does. */
const learn = (shape: RobotShape, text: string | Buffer, precision: Precision = 'ns') => {
  const { newSeries, newFields } = readWith(shape, text, precision).stamped;
  for (const series of newSeries) series.id = 1;
  for (const field of newFields) field.settled = true;
};
/** Disables the fast path for usual lines. */
class CarefulShape extends RobotShape {
  override find() {
    return undefined;
  }
}

describe('stampLines', () => {
  it('stamps the robot’s identity, sorts tag keys and adds the time of receipt', () => {
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
    ['cpu,_value=x v=1', 'reserved'],
    ['cpu,table=x v=1', 'reserved'],
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

  it('refuses a line that would swallow the next one', () => {
    expect(read('a,\\\\ =" f=1').rejected[0]?.reason).toContain('ambiguous');
  });

  it('scales timestamps to nanoseconds', () => {
    expect(read('a v=1 1500', 'ms').lines.map(String)[0]).toMatch(/ 1500000000\n$/);
    expect(read('a v=1 -2', 's').lines.map(String)[0]).toMatch(/ -2000000000\n$/);
    expect(read('a v=1 9223372037', 's').rejected[0]?.reason).toBe('timestamp out of range');
  });

  it('never throws on arbitrary bytes, and accounts for every line', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { lines, rejected } = read(Buffer.from(bytes));
        for (const line of lines) decodeLine(line);
        return lines.length + rejected.length <= bytes.filter((byte) => byte === 10).length + 1;
      }),
      { numRuns: 5000, seed: 1033511824 },
    );
  });

  it('is idempotent: reads its own output as the same line', () => {
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

  it('converts known fields to their fixed type if the number stays the same', () => {
    expect(accepted('mem used_percent=7i,total=5,x=1i,available=3u')[0]).toContain(
      ' used_percent=7,total=5i,x=1i,available=3i ',
    );
    expect(read('net bytes_recv=1.5').rejected[0]?.reason).toBe('field "bytes_recv" of "net" is integer, not float');
    expect(read('cpu usage_idle="x"').rejected[0]?.reason).toBe('field "usage_idle" of "cpu" is float, not string');
  });
});

describe('a line of the usual shape', () => {
  const bodies = [
    'cpu,cpu=cpu0 usage_idle=1.5,n=-3i,s="text, \\\\with",b=t',
    'm,z=1,a=2 v=.5,w=5.,i=12i',
    'syslog message="a",level="b"',
  ];
  const value = fc.oneof(
    fc.double().map(String),
    fc.bigInt().map((n) => `${n}i`),
    fc.nat().map((n) => `${n}u`),
    fc.constantFrom(
      '1',
      '-1',
      '1.',
      '.5',
      '-',
      '1.2.3',
      '1e5',
      't',
      'F',
      '"x"',
      '"a\\"b"',
      '"a\nb"',
      '""',
      '1i',
      '-1i',
      '9223372036854775808i',
      'x',
      '',
    ),
  );
  const line = fc
    .tuple(
      fc.constantFrom('cpu,cpu=cpu0', 'm,z=1,a=2', 'm,a=2,z=1', 'syslog', 'm,robot=x,z=1,a=2', 'cpu,cpu=cpu0,'),
      fc.array(
        fc.tuple(fc.constantFrom('usage_idle', 'n', 's', 'b', 'v', 'w', 'i', 'message', 'level', 'new'), value),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      fc.constantFrom(
        '',
        ' ',
        ' 1700000000000000000',
        ' 1700000000000',
        ' 1700000000',
        ' 17',
        ' 1700000000000000000 ',
        ' x',
        '\r',
      ),
    )
    .map(([key, fields, time]) => `${key} ${fields.map(([name, v]) => `${name}=${v}`).join(',')}${time}`);

  it('gives the same result as the slow path', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 4 }),
        fc.constantFrom<Precision>('ns', 'us', 'ms', 's'),
        (lines, precision) => {
          const body = lines.join('\n');
          const careful = readWith(new CarefulShape(robot, tags), body, precision);
          const known = new RobotShape(robot, tags);
          const unknown = readWith(known, body, precision);
          expect(unknown.lines.map(String)).toEqual(careful.lines.map(String));
          expect(unknown.rejected).toEqual(careful.rejected);
          // With everything known from the start, later lines of the body have settled types as well.
          const carefulKnown = new CarefulShape(robot, tags);
          for (const shape of [known, carefulKnown]) learn(shape, body, precision);
          const again = readWith(carefulKnown, body, precision);
          // The second time, the order of lines and fields is known as well.
          for (let time = 0; time < 2; time++) {
            const usual = readWith(known, body, precision);
            expect(usual.lines.map(String)).toEqual(again.lines.map(String));
            expect(usual.rejected).toEqual(again.rejected);
            expect(usual.numbers).toEqual(again.numbers);
            expect(usual.novel).toEqual([]);
          }
        },
      ),
      { numRuns: 20_000, seed: 1033511824 },
    );
  });

  it('is found again under every spelling it was sent with', () => {
    const shape = new RobotShape(robot, tags);
    for (const body of bodies) learn(shape, body);
    for (const body of bodies) {
      const { novel, lines } = readWith(shape, body);
      expect(novel).toEqual([]);
      expect(lines).toHaveLength(1);
    }
  });

  it('is distinguished from idle series and fields', () => {
    const shape = new RobotShape(robot, tags);
    const body = 'a x=1\nb y=1\nc z=1';
    learn(shape, body);
    expect(readWith(shape, body).novel).toEqual([]);
    const since = currentLine();
    readWith(shape, 'a x=1\nc z=1');
    const used = shape.usedSince(since);
    expect(used.fields.map(({ name }) => name)).toEqual(['x', 'z']);
    expect(used.hasIdle).toBe(true);
    readWith(shape, body);
    expect(shape.usedSince(since).hasIdle).toBe(false);
  });

  it('is counted as new once, however many lines have it', () => {
    const body = Array.from({ length: 100 }, (_, i) => `m,t=${i % 3} a=${i},b=1i`).join('\n');
    const { stamped } = read(body);
    expect([stamped.count, stamped.newSeries.size, stamped.newFields.size]).toEqual([100, 3, 2]);
    expect(stamped.unsettled).toHaveLength(100);
  });
});

describe('a line beyond the limits', () => {
  const good = 'm v=1';
  /** Reasons for refusing the line, placed between two good ones. */
  const refused = (text: string) => {
    const { lines, rejected } = read(`${good}\n${text}\n${good}`);
    expect(lines).toHaveLength(2);
    return rejected.map(({ line, reason }) => `${line}: ${reason}`);
  };
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}=1`).join(',');
  const tagged = (count: number) => Array.from({ length: count }, (_, i) => `,t${i}=1`).join('');

  it('is refused alone, with its reason', () => {
    expect(refused(`m v=${'1'.repeat(1_000_000)}`)).toEqual(['2: longer than 131072 bytes']);
    expect(refused(`m v=${'1'.repeat(65)}`)).toEqual(['2: number is longer than 64 bytes']);
    expect(refused(`m v=${'1'.repeat(64)}i`)).toEqual(['2: number is longer than 64 bytes']);
    expect(refused(`m v="${'x'.repeat(65_537)}"`)).toEqual(['2: string value is longer than 65536 bytes']);
    expect(refused(`m ${fields(1_001)}`)).toEqual(['2: more than 1000 fields']);
    expect(refused(`m${tagged(65)} v=1`)).toEqual(['2: more than 64 tags']);
    expect(refused(`m ${'k'.repeat(257)}=1`)).toEqual(['2: field key is longer than 256 bytes']);
    expect(refused(`m,${'k'.repeat(257)}=1 v=1`)).toEqual(['2: tag key is longer than 256 bytes']);
    expect(refused(`${'k'.repeat(257)} v=1`)).toEqual(['2: measurement is longer than 256 bytes']);
    // A newline within quotes does not end the line, even in one that is too long.
    expect(refused(`m v="${'x\ncpu usage_idle=1\n'.repeat(10_000)}"`)).toEqual(['2: longer than 131072 bytes']);
  });

  it('is accepted when it is just within them', () => {
    for (const text of [
      `m v=${'1'.repeat(64)}`,
      `m v="${'x'.repeat(65_536)}"`,
      `m v="${'\\"'.repeat(65_000)}"`,
      `m ${fields(1_000)}`,
      `m${tagged(64)} v=1`,
      `${'k'.repeat(256)} ${'k'.repeat(256)}=1`,
    ]) {
      const shape = new RobotShape(robot, tags);
      learn(shape, text);
      expect(readWith(shape, text).rejected).toEqual([]);
    }
  });
});
