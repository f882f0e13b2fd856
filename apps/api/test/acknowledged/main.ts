import { parseArgs } from 'node:util';
import { acknowledgedRun } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    seconds: { type: 'string', default: '300' },
    robots: { type: 'string', default: '60' },
    replicas: { type: 'string', default: '2' },
  },
});
const report = await acknowledgedRun({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  robots: Number(values.robots),
  replicas: Number(values.replicas),
});
process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
const { lost, foreign, doubled, stuck, acceptedWhileOff } = report;
process.exitCode = lost.length + foreign.length + doubled.length + stuck + acceptedWhileOff > 0 ? 1 : 0;
