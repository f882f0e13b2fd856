import { parseArgs } from 'node:util';
import { acknowledgedRun } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    seconds: { type: 'string', default: '300' },
    robots: { type: 'string', default: '60' },
  },
});
const report = await acknowledgedRun({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  robots: Number(values.robots),
});
process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
process.exitCode = report.lost.length + report.foreign.length + report.doubled.length + report.stuck > 0 ? 1 : 0;
