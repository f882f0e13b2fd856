import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { unpack, unpackSmall } from './unpack.ts';

const LIMIT = 1_000_000;

it.each([0, 1, 100, 1_023, 1_024, 5_000, 10_000])('a body of twice %i random bytes is unpacked at once', (length) => {
  const half = randomBytes(length);
  const body = Buffer.concat([half, half]);
  expect(unpackSmall(gzipSync(body), LIMIT)?.equals(body) ?? body.length > 16_000).toBe(true);
});

it('a body that is longer than it announces is unpacked nevertheless, or refused', async () => {
  const half = randomBytes(3_000);
  const body = Buffer.concat([half, half]);
  const [first, second] = [gzipSync(body), gzipSync(Buffer.from('m v=1'))];
  // Two members in one stream (RFC 1952): only the last one's length is at the end.
  const both = Buffer.concat([first, second]);
  expect(unpackSmall(both, LIMIT)).toBeUndefined();
  expect((await unpack(both, LIMIT)).toString('latin1')).toBe(`${body.toString('latin1')}m v=1`);
  first.writeUInt32LE(10, first.length - 4);
  expect(unpackSmall(first, LIMIT)).toBeUndefined();
  await expect(unpack(first, LIMIT)).rejects.toMatchObject({ code: 'nothing_usable' });
});
