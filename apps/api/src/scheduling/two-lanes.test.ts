import { expect, it } from 'vitest';
import { type Lane, TwoLanes } from './two-lanes.ts';

const SIZES: Record<Lane, number> = { short: 10, long: 1_000 };

/** Takes batches of at most a thousand. */
function batches(lanes: TwoLanes<Lane>, count: number): string[] {
  return Array.from({ length: count }, () => {
    const batch: Lane[] = [];
    const fits = (item: Lane) => batch.reduce((sum, one) => sum + SIZES[one], 0) + SIZES[item] <= 1_000;
    lanes.turn();
    for (let item = lanes.shift(fits); item; item = lanes.shift(fits)) batch.push(item);
    return `${batch.length} ${batch[0]}`;
  });
}

it('lets short ones wait for one batch of long ones at most, however many wait', () => {
  const lanes = new TwoLanes<Lane>();
  for (let robot = 0; robot < 100; robot++) lanes.push('long', robot, 'long');
  for (let robot = 0; robot < 150; robot++) lanes.push('short', robot, 'short');
  expect(batches(lanes, 5)).toEqual(['100 short', '1 long', '50 short', '1 long', '1 long']);
});

it('lets long ones have every second batch, however many short ones wait', () => {
  const lanes = new TwoLanes<Lane>();
  lanes.push('long', 1, 'long');
  lanes.push('long', 2, 'long');
  for (let robot = 0; robot < 500; robot++) lanes.push('short', robot, 'short');
  expect(batches(lanes, 5)).toEqual(['100 short', '1 long', '100 short', '1 long', '100 short']);
  expect(lanes.size).toBe(200);
});
