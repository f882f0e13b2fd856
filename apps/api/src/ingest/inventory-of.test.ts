import { describe, expect, it } from 'vitest';
import { identityTags, RobotShape, stampLines } from '../line-protocol/index.ts';
import { inventoryOf } from './inventory-of.ts';

const NOW = Date.UTC(2026, 5, 1);
const NS = 1_000_000n;
const robot = { id: 7, name: 'Rover', hostname: 'rover', architecture: 'arm64' as const };

function read(body: string, refused: number[] = []) {
  const receivedAt = BigInt(NOW) * NS;
  const day = 86_400_000n * NS;
  const limits = { receivedAt, oldest: receivedAt - 30n * day, newest: receivedAt + day };
  const shape = new RobotShape(robot, identityTags(robot));
  const lines = stampLines(Buffer.from(body), 'ns', { shape, ...limits });
  const why = { kind: 'limit' as const, reason: 'x' };
  return inventoryOf(lines, new Map(refused.map((i) => [i, why])), NOW);
}
const line = (fields: string, ms = NOW - 1_000, tags = '') => `inventory${tags} ${fields} ${ms}000000`;

describe('the inventory of a report', () => {
  it('is the newest one, whatever the order and the tags; what it does not tell is null', () => {
    const newest = line(
      'model="Pi 5",os="Debian \\"12\\"",kernel="6.6",agent="1.37.0",serial="0x1"',
      NOW - 1_000,
      ',a=b',
    );
    const body = [line('model="Pi 4"', NOW - 5_000), newest, line('kernel="5"', NOW - 9_000), 'mem used_percent=1'];
    const told = { model: 'Pi 5', os: 'Debian "12"', kernel: '6.6', agent: '1.37.0', serial: '0x1', at: NOW - 1_000 };
    expect(read(body.join('\n'))).toEqual(told);
    const nothing = { model: null, os: null, agent: null, serial: null };
    expect(read(line('kernel="6.6",more="x"'))).toEqual({ ...nothing, kernel: '6.6', at: NOW - 1_000 });
  });

  it('has its time to the millisecond', () => {
    for (let ms = NOW - 500; ms < NOW; ms++) expect(read(line('model="x"', ms))?.at).toBe(ms);
  });

  it('is not later than now, so that a clock that was ahead does not keep out what follows', () => {
    expect(read(line('model="Pi 5"', NOW + 3_600_000))?.at).toBe(NOW);
  });

  it('is none of other measurements, refused lines, and fields that are no texts', () => {
    expect(read('mem used_percent=1\ninventory2 model="x"\ninventor model="x"')).toBeUndefined();
    expect(read(line('model="Pi 5"'), [0])).toBeUndefined();
    expect(read(line('model=5,os=true,more="x"'))).toBeUndefined();
    expect(read(line('model="",os=" \u0007 "'))).toBeUndefined();
  });

  it('is plain text of 256 characters at most, without characters that cannot be seen', () => {
    const model = `a\u0007\u001b[31mb\u202ec\u200bd\u2028e\u009f${'\u{1f916}'.repeat(300)}`;
    const read256 = read(line(`model="${model}",os="${'x'.repeat(60_000)}"`));
    expect(read256?.model).toBe(`a[31mbcde${'\u{1f916}'.repeat(247)}`);
    expect(read256?.os).toHaveLength(256);
    expect(read(line('model="<script>alert(1)</script>\' or 1=1 --"'))?.model).toBe(
      "<script>alert(1)</script>' or 1=1 --",
    );
  });
});
