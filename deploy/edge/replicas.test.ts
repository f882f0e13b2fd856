import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freshDatabase } from '../../apps/api/test/support/test-api.ts';
import { EdgeRobot, type Outcome } from './edge-robot.ts';
import { startReplicated } from './replicated.ts';

const REPLICAS = 3;
const ROBOTS = 45;
const EVERY_MS = 500;
const wait = { timeout: 200_000, interval: 100 };
vi.setConfig({ testTimeout: 600_000 });
const from = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 12 * 3_600_000;

let lab: Awaited<ReturnType<typeof startReplicated>>;
let owner: string;
let isOver = false;
const fleet: { id: number; token: string; robot: EdgeRobot }[] = [];
let lives: Promise<unknown>;
/** Where each robot's reports went while nothing happened. */
let homes: string[];

beforeAll(async () => {
  lab = await startReplicated(REPLICAS, {
    DATABASE_URL: await freshDatabase(),
    ...{ DATABASE_POOL_SIZE: '8', DATABASE_READ_POOL_SIZE: '2' },
  });
  owner = await lab.signIn();
  const { ca, ports } = lab.edge;
  for (let i = 0; i < ROBOTS; i++) {
    const { id, token } = await lab.pair(owner, i);
    // The installer writes the one, owners of firewalls the other.
    const url = `https://127.0.0.1:${ports.get(i % 2 ? '9100' : '9101')}`;
    fleet.push({ id, token, robot: new EdgeRobot(url, token, { ca, from }) });
  }
  lives = Promise.all(fleet.map(({ robot }, i) => robot.live(EVERY_MS, (i / ROBOTS) * EVERY_MS, () => isOver)));
});
afterAll(async () => {
  isOver = true;
  await lab?.stop();
});

const robots = () => fleet.map(({ robot }) => robot);
const outcomes = () => robots().flatMap((robot) => robot.outcomes);
const lastServers = () => robots().map(({ last }) => last?.servedBy);
/** Replies other than that all is stored. A machine that is busy may be late, and then there is none. */
const isRefusal = ({ status }: Outcome) => status !== 204 && status !== 0;
const serversOf = ({ outcomes }: EdgeRobot) => [...new Set(outcomes.map(({ servedBy }) => servedBy))].filter(Boolean);
/** Every robot has been served so many times more. */
async function served(times: number) {
  const before = robots().map(({ acknowledged }) => acknowledged.length);
  await expect
    .poll(() => robots().every(({ acknowledged }, i) => acknowledged.length >= (before[i] ?? 0) + times), wait)
    .toBe(true);
}

describe('three processes behind the edge, under load', () => {
  it('have robots of their own each, whichever port those use', async () => {
    await served(5);
    homes = robots().flatMap(serversOf);
    expect(homes).toHaveLength(ROBOTS);
    expect([...new Set(homes)].sort()).toEqual(Array.from({ length: REPLICAS }, (_, i) => lab.nameOf(i)));
    expect(outcomes().filter(isRefusal)).toEqual([]);
  });

  it('take what a robot reports on several connections in one process', async () => {
    const { token } = fleet[0] as (typeof fleet)[number];
    const { ca, ports } = lab.edge;
    const servers = new Set<string | undefined>();
    for (const port of ['9100', '9101', '9100', '8443', '9101']) {
      const other = new EdgeRobot(`https://127.0.0.1:${ports.get(port)}`, token, { ca, from: from - 3_600_000 });
      let times = 0;
      await other.live(0, 0, () => times++ > 0);
      servers.add(serversOf(other).join());
    }
    expect([...servers]).toEqual([homes[0]]);
  });

  it('stay where they are when robots are cut off within their reports', async () => {
    const { token } = fleet[0] as (typeof fleet)[number];
    const { ca, ports } = lab.edge;
    const before = robots().map(({ outcomes }) => outcomes.length);
    for (let i = 0; i < 20; i++) {
      const socket = connect({ port: ports.get('9100'), host: '127.0.0.1', ca });
      socket.on('error', () => {});
      const head = `POST /api/metrics HTTP/1.1\r\nHost: 127.0.0.1:${ports.get('9100')}\r\nAuthorization: Bearer ${token}\r\n`;
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nm v=1\r\n`);
      await sleep(100);
      socket.destroy();
    }
    await served(4);
    const since = robots().flatMap(({ outcomes }, i) => outcomes.slice(before[i]));
    expect(since.filter(isRefusal)).toEqual([]);
    expect(robots().flatMap(serversOf)).toEqual(homes);
  });

  it.each([
    ['stopped', 0, 'SIGTERM'],
    ['stopped', 1, 'SIGTERM'],
    ['killed', 2, 'SIGKILL'],
  ] as const)('lose nothing when one is %s (%i): the others have its robots until it is back', async (_, i, signal) => {
    const restarting = lab.restart(i, signal);
    await expect.poll(() => lastServers().includes(lab.nameOf(i)), wait).toBe(false);
    await served(2);
    await restarting;
    await expect.poll(lastServers, wait).toEqual(homes);
  });

  it('lose nothing when the edge itself is restarted', async () => {
    await lab.edge.restart();
    await served(3);
    await expect.poll(lastServers, wait).toEqual(homes);
  });

  it('have given no reply that loses data, and stored all that was acknowledged', async () => {
    isOver = true;
    await lives;
    const statuses = [...new Set(outcomes().map(({ status }) => status))];
    expect(statuses.filter((status) => ![0, 204, 429, 502, 503, 504].includes(status))).toEqual([]);
    const lost: string[] = [];
    for (const { id, robot } of fleet) {
      const stored = new Set<number>();
      const to = new Date(from + 3_600_000).toISOString();
      const path = `/robots/${id}/metrics/m?fn=last&every=1s&from=${new Date(from).toISOString()}&to=${to}`;
      const { body } = await lab.call('GET', path, { token: owner });
      for (const [at, value] of body.series[0]?.points ?? []) if (at === value) stored.add(at);
      for (const at of robot.acknowledged) if (!stored.has(at)) lost.push(`${id} ${at}`);
    }
    expect(robots().reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)).toBeGreaterThan(ROBOTS * 20);
    expect([
      lost,
      robots()
        .map(({ dropped }) => dropped)
        .filter(Boolean),
    ]).toEqual([[], []]);
  });
});
