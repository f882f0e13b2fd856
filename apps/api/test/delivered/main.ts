import { parseArgs } from 'node:util';
import { deliveredRun } from './run.ts';
import { takeover } from './takeover.ts';
import { wrongs } from './wrongs.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    seconds: { type: 'string', default: '240' },
    rules: { type: 'string', default: '200' },
    robots: { type: 'string', default: '1000' },
    replicas: { type: 'string', default: '3' },
  },
});
const run = deliveredRun({
  ...{ seed: Number(values.seed), seconds: Number(values.seconds), replicas: Number(values.replicas) },
  ...{ rules: Number(values.rules), robots: Number(values.robots), webhooks: 24, mails: 8 },
  ...{
    groupWait: 10,
    dwellMs: [15_000, 90_000],
    killAfterMs: [1_000, 9_000],
    stopsReceivers: true,
    waitsForLeases: true,
  },
});
// It waits most of the time.
const [report, inherited] = await Promise.all([run, takeover()]);
const { blows, repeated, ...counts } = report;
process.stdout.write(`${JSON.stringify({ ...counts, repeated: repeated.length, takeover: inherited }, null, 1)}\n`);
const wrong = wrongs(report);
const { keys } = inherited;
if (keys.length !== 2 || new Set(keys).size !== 1) wrong.push(`a message of a replica that died came as ${keys}`);
process.stdout.write(wrong.length > 0 ? `${wrong.join('\n')}\n` : 'All that happened was told.\n');
process.exitCode = wrong.length > 0 ? 1 : 0;
