import { expect, it } from 'vitest';
import { outageRun } from './outages/run.ts';

it('what a robot buffered in an outage is stored once, whatever ends it: a kill, a power cut', async () => {
  const report = await outageRun({ seed: 12, outages: 1, seconds: [70, 80] });
  const { lost, doubled, wrong, entriesLost, entriesDoubled, leftInSpool, dropped } = report;
  expect({ lost, doubled, wrong, entriesLost, entriesDoubled, leftInSpool, dropped }, JSON.stringify(report)).toEqual({
    ...{ lost: [], doubled: [], wrong: 0, entriesLost: [], entriesDoubled: [], leftInSpool: 0, dropped: 0 },
  });
  expect(report.stored).toBeGreaterThan(200);
  expect(report.fromDisk).toBeGreaterThan(45);
  expect(report.mostSpooled).toBeGreaterThan(0);
  for (const seconds of report.liveAfter) expect(seconds).toBeLessThan(60);
}, 600_000);
