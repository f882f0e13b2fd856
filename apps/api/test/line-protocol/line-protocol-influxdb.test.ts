import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startInfluxd } from '../../../../tools/real/influxd.ts';
import { identityTags } from '../../src/line-protocol/identity.ts';
import { RobotShape } from '../../src/line-protocol/robot-shape.ts';
import { stampLines } from '../../src/line-protocol/stamp-lines.ts';

/** Where ours is deliberately stricter: InfluxDB accepts `"a"b"` as a string and, after a tab, an empty key. */
const STRICTER =
  /control character|not valid UTF-8|is given twice|reserved field key|missing field key|text after a closing quote|end in a backslash/;

let influx: Awaited<ReturnType<typeof startInfluxd>>;
beforeAll(async () => {
  influx = await startInfluxd({});
});
afterAll(() => influx?.stop());

async function influxAccepts(line: string | Buffer): Promise<{ accepted: boolean; reason: string }> {
  const query = new URLSearchParams({ org: influx.org, bucket: influx.bucket, precision: 'ns' });
  const reply = await fetch(`${influx.url}/api/v2/write?${query}`, {
    method: 'POST',
    headers: { authorization: `Token ${influx.adminToken}` },
    body: new Uint8Array(Buffer.from(line)),
  });
  const reason = await reply.text();
  // 422 is a type conflict with an earlier line, not a syntax error.
  return { accepted: reply.status === 204 || reply.status === 422, reason };
}

const text = fc.string({ unit: fc.constantFrom(...'ab,= \\"1é.#\t'.split('')), maxLength: 6 });
const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt().map((n) => `${n}i`),
  fc.double().map(String),
  fc.bigInt({ min: 0n }).map((n) => `${n}u`),
  fc.constantFrom(
    '1.',
    '.5',
    '-.5',
    '1e5',
    '1e',
    '1E+5',
    '-',
    '.',
    '1i1',
    '1ui',
    '00i',
    '-0',
    '1e309',
    'NaN',
    'nan',
    'Inf',
    '9223372036854775807i',
    '-9223372036854775808i',
    '18446744073709551615u',
  ),
);
const value = fc.oneof(
  number,
  text.map((s) => `"${s}"`),
  fc.constantFrom('t', 'T', 'true', 'True', 'TRUE', 'f', 'FALSE', 'tRUE', 'truex', '"a\nb"', '""', '"'),
  text,
);
const time = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    ' -1',
    ' 0',
    ' 12x',
    ' 1 ',
    ' 1700000000000000000',
    ' 9223372036854775806',
    ' 9223372036854775808',
    ' -9223372036854775807',
  ),
);
const pair = fc.tuple(text, text).map(([key, tag]) => `,${key}=${tag}`);
const field = fc.tuple(fc.oneof(fc.constant('f'), text), value).map(([key, v]) => `${key}=${v}`);
const line = fc
  .tuple(
    fc.oneof(fc.constant('m'), text),
    fc.array(pair, { maxLength: 2 }),
    fc.array(field, { minLength: 1, maxLength: 2 }),
    time,
  )
  .map(([name, tags, fields, at]) => `${name}${tags.join('')} ${fields.join(',')}${at}`);

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

it('accepts what the real InfluxDB accepts, and nothing that it refuses', async () => {
  const stamp = () => ({
    shape: new RobotShape(robot, identityTags(robot)),
    receivedAt: 1_700_000_000_000_000_000n,
    oldest: -(2n ** 63n),
    newest: 2n ** 63n,
  });
  const differences: string[] = [];
  let accepted = 0;
  const lines = fc.sample(line, { numRuns: 16_000, seed: 20 });
  const check = async (raw: string) => {
    const ours = stampLines(Buffer.from(raw), 'ns', stamp());
    for (let i = 0; i < ours.count; i++) {
      const theirs = await influxAccepts(ours.line(i));
      accepted++;
      if (!theirs.accepted) differences.push(`we accept: ${JSON.stringify(raw)}: ${theirs.reason}`);
    }
    if (ours.count === 0 && ours.rejected.length > 0 && !STRICTER.test(ours.rejected[0]?.reason ?? '')) {
      if ((await influxAccepts(raw)).accepted)
        differences.push(`we refuse: ${JSON.stringify(raw)}: ${ours.rejected[0]?.reason}`);
    }
  };
  for (let i = 0; i < lines.length; i += 16) await Promise.all(lines.slice(i, i + 16).map(check));
  expect(differences).toEqual([]);
  expect(accepted).toBeGreaterThan(300);
});
