import { expect, it } from 'vitest';
import { deliveredRun } from '../delivered/run.ts';
import { wrongs } from '../delivered/wrongs.ts';

/** A short run; the whole one: `npm run test:alerts-delivered -- --seed 7`. */
it('every alert is told of, in order and once for each kill at most, while replicas are killed at random', async () => {
  const report = await deliveredRun({
    ...{ seed: 11, seconds: 12, rules: 20, robots: 100, replicas: 3, webhooks: 5, mails: 2 },
    ...{
      groupWait: 1,
      dwellMs: [3_000, 15_000],
      killAfterMs: [500, 3_000],
      stopsReceivers: false,
      waitsForLeases: false,
    },
  });
  const { blows, ...counts } = report;
  expect(wrongs(report), JSON.stringify({ blows, counts })).toEqual([]);
  expect(report.kills).toBeGreaterThan(3);
  expect(report.alerts).toBeGreaterThanOrEqual(100);
}, 400_000);
