import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { outageRun, type Sample } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    outages: { type: 'string', default: '4' },
    shortest: { type: 'string', default: '60' },
    longest: { type: 'string', default: '300' },
    samples: { type: 'string' },
  },
});
const samples: Sample[] = [];
const { log, ...report } = await outageRun({
  seed: Number(values.seed),
  outages: Number(values.outages),
  seconds: [Number(values.shortest), Number(values.longest)],
  onSample: (sample) => samples.push(sample),
});
if (values.samples) writeFileSync(values.samples, JSON.stringify(samples));
process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
const { lost, doubled, wrong, entriesLost, entriesDoubled, leftInSpool } = report;
const troubles = lost.length + doubled.length + wrong + entriesLost.length + entriesDoubled.length + leftInSpool;
if (troubles > 0) process.stderr.write(log);
process.exitCode = troubles > 0 ? 1 : 0;
