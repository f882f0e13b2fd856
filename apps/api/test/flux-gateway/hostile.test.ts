import { createServer, type Server } from 'node:net';
import { stdout } from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { comparable, isCutShort, leakIn } from './answers.ts';
import { corpus, type ForgedRequest } from './corpus-entries.ts';
import { CANARY, SECRET, useGatewayLab } from './gateway-lab.ts';

/** The queries of corpus/, all run against the real InfluxDB as a user who owns two of three robots. */
const lab = useGatewayLab({ ROBOT_OFFLINE_AFTER: '3600' });
const { people, robots, api } = lab;

let listener: Server;
let accepted = 0;
let requests: ForgedRequest[];

beforeAll(async () => {
  listener = createServer((socket) => {
    accepted++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  const HOST = `127.0.0.1:${port}`;
  const [LEFT, RIGHT] = [robots.left.id, robots.right.id].map(String) as [string, string];
  requests = corpus({ LEFT, RIGHT, HOST, URL: `http://${HOST}/x`, ORG: 'robowatch', CANARY });
});
afterAll(() => void listener?.close());

/** Groups whose queries InfluxDB survives. */
const PLAIN = ['range-gap', 'sources', 'imports-forms', 'shapes'];

async function send({ query, raw, headers, path }: ForgedRequest) {
  const reply = await api.app().inject({
    method: 'POST',
    url: path ?? '/grafana/api/v2/query?org=robowatch',
    headers: {
      'content-type': 'application/json',
      'x-robowatch-gateway': SECRET,
      authorization: `Bearer ${people.left.access}`,
      ...headers,
    },
    payload:
      raw ??
      JSON.stringify({
        query,
        type: 'flux',
        dialect: { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true },
      }),
  });
  return { status: reply.statusCode, text: reply.body };
}

it('no forged request reads a foreign row, writes, or connects to anywhere', { timeout: 600_000 }, async () => {
  expect(requests.length).toBeGreaterThan(400);
  const before = await lab.inventory();
  const counts = { tried: 0, refused: 0, mistaken: 0, answered: 0, foreign: 0 };
  const answers: (string | undefined)[] = [];
  const leaks: string[] = [];
  for (const request of requests) {
    const { status, text } = await send(request);
    const shown = `${request.group}: ${request.query ?? request.raw}`;
    // Some queries are too much for InfluxDB, which says so.
    expect(status === 500 ? text : '', shown).not.toContain('Something went wrong');
    expect([200, 400, 401, 403, 404, 413, 415, 500], shown.slice(0, 300)).toContain(status);
    const leak = leakIn(text, String(robots.right.id));
    // Errors may repeat what the query said.
    if (leak && !(status !== 200 && (request.query ?? '').includes(CANARY)))
      leaks.push(`${leak}: ${shown} → ${text.slice(0, 500)}`);
    counts.tried++;
    counts[status === 200 ? 'answered' : [400, 500].includes(status) ? 'mistaken' : 'refused']++;
    answers.push(isCutShort({ status, text }) ? undefined : `${status} ${comparable(text)}`);
  }
  counts.foreign = leaks.length;
  stdout.write(`hostile corpus: ${JSON.stringify(counts)}\n`);
  expect(leaks).toEqual([]);
  expect(await lab.inventory()).toEqual(before);

  // Whatever somebody else's robots send, the answers stay the same.
  await lab.sendMoreForeign();
  const changed: string[] = [];
  for (const [i, request] of requests.entries()) {
    if (request.query?.includes('robotDays') || answers[i] === undefined) continue;
    const { status, text } = await send(request);
    if (!isCutShort({ status, text }) && `${status} ${comparable(text)}` !== answers[i])
      changed.push(`${request.query}\n${answers[i]}\n→ ${status} ${comparable(text)}`);
  }
  expect(changed).toEqual([]);
  expect(accepted).toBe(0);
});

it('these checks see what the same queries read past the gateway', { timeout: 120_000 }, async () => {
  const seen = [];
  for (const { query, group } of requests.filter((one) => one.query && PLAIN.includes(one.group))) {
    const { status, text } = await lab.straight(query as string);
    if (status === 200 && leakIn(text, String(robots.right.id))) seen.push(group);
  }
  stdout.write(`past the gateway, ${seen.length} of them show foreign rows\n`);
  expect(seen.length).toBeGreaterThan(50);
  await fetch(`http://127.0.0.1:${(listener.address() as { port: number }).port}`).catch(() => {});
  expect(accepted).toBe(1);
});
