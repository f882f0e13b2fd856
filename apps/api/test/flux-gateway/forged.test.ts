import { stdout } from 'node:process';
import { expect, it } from 'vitest';
import { comparable, isCutShort, leakIn } from './answers.ts';
import { corpus } from './corpus-entries.ts';
import { CANARY, useGatewayLab } from './gateway-lab.ts';
import { forge, randomOf } from './mutate.ts';

/** Queries made of the corpus and of parts of their own, by a seed. `npm run test:forged` makes 10,000. */
const COUNT = Number(process.env.FORGED_QUERIES ?? 250);
const SEED = Number(process.env.FORGED_SEED ?? 1);
const lab = useGatewayLab({ ROBOT_OFFLINE_AFTER: '86400' });

/** Rows of only one of two answers. */
function difference(before: string, after: string): string {
  const [was, is] = [before, after].map((text) => text.split('\n')) as [string[], string[]];
  const [gone, come] = [was.filter((row) => !is.includes(row)), is.filter((row) => !was.includes(row))];
  return `${gone.slice(0, 5).join('\n')}\n→ ${come.slice(0, 5).join('\n')} (${was.length}, ${is.length} rows)`;
}

it(`${COUNT} forged queries of seed ${SEED} read no foreign row and write nothing`, {
  timeout: 3_600_000,
}, async () => {
  const { people, robots } = lab;
  const [LEFT, RIGHT] = [robots.left.id, robots.right.id].map(String) as [string, string];
  const values = { LEFT, RIGHT, HOST: '127.0.0.1:9', URL: 'http://127.0.0.1:9', ORG: 'robowatch', CANARY };
  const seeds = corpus(values)
    .filter(({ query, group }) => query && !query.includes(CANARY) && group !== 'sizes')
    .map(({ query }) => query as string);
  const random = randomOf(SEED);
  const queries = Array.from({ length: COUNT }, () =>
    forge(seeds, random).replaceAll('@LEFT@', LEFT).replaceAll('@RIGHT@', RIGHT),
  );
  const before = await lab.inventory();
  const counts = { tried: COUNT, refused: 0, mistaken: 0, answered: 0, foreign: 0 };
  const answers = new Map<string, string>();
  const leaks: string[] = [];
  for (const query of queries) {
    const { status, text } = await lab.ask(people.left, query);
    // 404 and 500 are InfluxDB's own; 503 would mean that it has ended.
    expect([200, 400, 403, 404, 500], `${status} ${text}\n${query}`).toContain(status);
    counts[status === 200 ? 'answered' : status === 403 ? 'refused' : 'mistaken']++;
    // A query can make rows of the foreign robot's id up itself.
    const leak = leakIn(text, query.includes(RIGHT) ? 'none' : RIGHT);
    if (leak) leaks.push(`${leak}: ${query}\n${text.slice(0, 500)}`);
    if (status === 200 && !isCutShort({ status, text })) answers.set(query, comparable(text));
  }
  counts.foreign = leaks.length;
  stdout.write(`forged queries, seed ${SEED}: ${JSON.stringify(counts)}\n`);
  expect(leaks).toEqual([]);
  expect(counts.answered).toBeGreaterThan(COUNT / 20);
  expect(await lab.inventory()).toEqual(before);

  await lab.sendMoreForeign();
  const changed: string[] = [];
  for (const [query, answer] of answers) {
    if (query.includes('robotDays')) continue;
    const { status, text } = await lab.ask(people.left, query);
    expect(leakIn(text, query.includes(RIGHT) ? 'none' : RIGHT), query).toBeUndefined();
    if (isCutShort({ status, text }) || `${status} ${comparable(text)}` === `200 ${answer}`) continue;
    changed.push(`${query}\n${difference(answer, `${status} ${comparable(text)}`)}`);
  }
  expect(changed).toEqual([]);
});
