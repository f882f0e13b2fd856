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
/** The processor's time is told in steps of this length. */
const TICK_MS = 4;
const [SMALL, LARGE] = [16_384, 524_288];

/** Of this thread's own work: what else the machine does meanwhile does not count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The quickest of three readings, in milliseconds, and the longest stretch of it without a pause. */
function reading(body: Buffer): { total: number; stretch: number } {
  const runs = Array.from({ length: 3 }, () => {
    const shape = new RobotShape(robot, new Map(), { maxSeries: 2_000, maxFields: 2_000 });
    const work = stamping(body, 'ns', { shape, ...limits });
    // Its buffer, whose allocation may make the runtime collect what earlier readings left, is not the bytes' doing.
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

/** A beginning, and then the same again and again: what makes a reader start over. */
const shape = fc.record({ head: pieces, repeated: pieces, tail: pieces });

it('reading takes time by the byte, whatever the bytes are, and never long without a pause', () => {
  const bodyOf = ({ head, repeated, tail }: { head: string; repeated: string; tail: string }, size: number) =>
    Buffer.from(head + repeated.repeat(Math.ceil(size / repeated.length)) + tail);
  fc.assert(
    fc.property(shape, (of) => {
      const [small, large] = [reading(bodyOf(of, SMALL)), reading(bodyOf(of, LARGE))];
      // Thirty-two times the bytes; work that grows by the square would take a thousand times as long.
      expect(large.total).toBeLessThan(250 * Math.max(small.total, TICK_MS));
      expect(large.stretch).toBeLessThan(100);
    }),
    { numRuns: 60, seed: 20_241_124 },
  );
}, 300_000);
