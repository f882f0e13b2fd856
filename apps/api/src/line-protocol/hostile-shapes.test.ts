import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RobotIdentity } from './identity.ts';
import { RobotShape } from './robot-shape.ts';
import { stamping } from './stamp-lines.ts';

const robot: RobotIdentity = {
  ...{ id: 7, name: 'r', hostname: 'h', architecture: 'arm64', status: 'active', has_written: true },
  ...{ owner_id: 1, version: '1' },
};
const limits = { receivedAt: 1_700_000_000_000_000_000n, oldest: -(2n ** 63n), newest: 2n ** 63n };
/** Resolution of the CPU clock. */
const TICK_MS = 4;
const [SMALL, LARGE] = [16_384, 524_288];

/** CPU time of this thread only, so that other load on the machine does not count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The fastest of three runs: total time, and longest time without a yield, in milliseconds. */
function reading(body: Buffer): { total: number; stretch: number } {
  const runs = Array.from({ length: 3 }, () => {
    const shape = new RobotShape(robot, new Map(), { maxSeries: 2_000, maxFields: 2_000 });
    const work = stamping(body, 'ns', { shape, ...limits });
    // Start timing after the buffer is allocated: that may trigger garbage collection of earlier runs.
    work.next();
    const started = threadMs();
    let [last, stretch] = [started, 0];
    for (let done = false; !done; ) {
      done = work.next().done === true;
      const now = threadMs();
      stretch = Math.max(stretch, now - last);
      last = now;
    }
    return { total: last - started, stretch };
  });
  return {
    total: Math.min(...runs.map(({ total }) => total)),
    stretch: Math.min(...runs.map(({ stretch }) => stretch)),
  };
}

const piece = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '9',
    '-',
    '.',
    'e',
    'i',
    'u',
    'T',
    'x',
    'é',
    '\\',
    '\\\\',
    '"',
    '\\"',
    ' ',
    ',',
    '=',
    '\n',
    '#',
    '\0',
    '\t',
  ),
  fc.constantFrom(
    'm v=1',
    'm,t=1 v=1',
    ',f=1',
    ',t=1',
    ' v="',
    '" ',
    '\nm v=',
    '1e5',
    '\nm,t=',
    '=\\,',
    'v=1i',
    '\n\n',
  ),
);
const pieces = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));

/** A beginning followed by repetitions, which is what makes a careless parser rescan. */
const shape = fc.record({ head: pieces, repeated: pieces, tail: pieces });

it('takes time linear in the size of the body, whatever its content, and yields often', () => {
  const bodyOf = ({ head, repeated, tail }: { head: string; repeated: string; tail: string }, size: number) =>
    Buffer.from(head + repeated.repeat(Math.ceil(size / repeated.length)) + tail);
  fc.assert(
    fc.property(shape, (of) => {
      const [small, large] = [reading(bodyOf(of, SMALL)), reading(bodyOf(of, LARGE))];
      // 32 times the bytes: quadratic work would take about a thousand times as long.
      expect(large.total).toBeLessThan(250 * Math.max(small.total, TICK_MS));
      expect(large.stretch).toBeLessThan(100);
    }),
    { numRuns: 60, seed: 20_241_124 },
  );
}, 300_000);
