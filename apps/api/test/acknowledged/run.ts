import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../../tools/real/free-port.ts';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { type Blow, unleash, type Victim } from './chaos.ts';
import { seeded } from './random.ts';
import { startReplicas } from './replicas.ts';
import { SimulatedRobot } from './simulated-robot.ts';
import { switchOffAndOn } from './switching.ts';

export interface Report {
  seed: number;
  robots: number;
  replicas: number;
  blows: Blow[];
  /** Times a robot was deactivated and reactivated. */
  switched: number;
  replies: Record<string, number>;
  acknowledged: number;
  stored: number;
  /** Acknowledged, but not stored or stored with another value. */
  lost: string[];
  /** Stored for a robot that never sent it. */
  foreign: string[];
  /** Log entries stored more than once. */
  doubled: string[];
  /** Never acknowledged, although everything had been running again for long enough. */
  stuck: number;
  /** Reports accepted although they began after their robot was deactivated. */
  acceptedWhileOff: number;
}

interface Point {
  _time: string;
  _measurement: string;
  _field: string;
  _value: string | number;
  cpu?: string;
  robot: string;
}

const DRAIN_MS = 90_000;

/**
 * Many robots report to several API processes while those, InfluxDB and PostgreSQL are killed (SIGKILL) or frozen at
 * random, and robots are deactivated and reactivated. At the end, compares every acknowledged point with the contents
 * of InfluxDB.
 */
export async function acknowledgedRun({
  seed,
  seconds,
  robots,
  replicas,
}: {
  seed: number;
  seconds: number;
  robots: number;
  replicas: number;
}): Promise<Report> {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-acknowledged-'));
  const postgres = await startPostgres();
  const influxOptions = { dir: join(dir, 'influxdb'), port: await freePort() };
  let influx = await startTestInflux(influxOptions);
  const api = await startReplicas(replicas, { DATABASE_URL: postgres.url, ...influx.settings });
  try {
    const fleet = await pairAll(api.any(seeded(seed)), robots, seed);
    const victims: Victim[] = [
      {
        name: 'influxd',
        kill: () => influx.kill(),
        restart: async () => {
          influx = await startTestInflux(influxOptions);
        },
        pause: () => influx.pause(),
        resume: () => influx.resume(),
      },
      {
        name: 'postgres',
        kill: postgres.crash,
        restart: postgres.restart,
        pause: postgres.pause,
        resume: postgres.resume,
      },
      ...api.victims,
    ];
    const stop = new AbortController();
    const end = Date.now() + seconds * 1000;
    const measuring = () => Date.now() < end;
    const lives = Promise.all(fleet.map(({ robot }) => robot.live(api.urls, measuring, stop.signal)));
    const chosen = seeded(seed + 1000);
    const switching = switchOffAndOn(
      fleet,
      () => api.any(chosen),
      chosen,
      () => !measuring(),
    );
    const blows = await unleash(victims, seeded(seed), () => !measuring());
    const switched = await switching;
    const drained = setTimeout(() => stop.abort(), DRAIN_MS);
    await lives;
    clearTimeout(drained);
    const ended = api.endedByItself();
    if (ended !== undefined) throw new Error(`The API exited unexpectedly:\n${ended}`);
    return { seed, robots, replicas, blows, switched, ...(await compare(fleet, influx)) };
  } finally {
    await api.end();
    await influx.stop();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Paired {
  id: number;
  name: string;
  robot: SimulatedRobot;
}

async function pairAll(api: ServerProcess, count: number, seed: number): Promise<Paired[]> {
  const token = await api.signIn();
  const fleet: Paired[] = [];
  for (let number = 1; number <= count; number++) {
    const code = String(20_000_000 + number);
    const name = `robot-${number}`;
    await api.call('POST', '/pair', { body: { hostname: name, code } });
    const { body } = await api.call('POST', `/pair/${code}/confirm`, { token, body: { name } });
    fleet.push({
      id: body.robot_id,
      name,
      robot: new SimulatedRobot(number, body.influxdb_token, seeded(seed + number)),
    });
  }
  return fleet;
}

type Compared = Omit<Report, 'seed' | 'robots' | 'replicas' | 'blows' | 'switched'>;

async function compare(fleet: Paired[], influx: TestInflux): Promise<Compared> {
  const report = { acknowledged: 0, stored: 0, stuck: 0, acceptedWhileOff: 0 };
  const [lost, foreign, doubled]: [string[], string[], string[]] = [[], [], []];
  const replies = new Map<string, number>();
  for (const { id, name, robot } of fleet) {
    for (const [outcome, count] of robot.replies) replies.set(outcome, (replies.get(outcome) ?? 0) + count);
    const stored = new Map<string, string>();
    for (const point of (await influx.pointsOf(id)) as Point[]) {
      if (point._measurement === 'syslog' && point._field !== 'message') continue;
      const isLog = point._measurement === 'syslog';
      const key = isLog ? `log ${point._value}` : `cpu/${point.cpu} ${Date.parse(point._time)}`;
      if (stored.has(key)) doubled.push(`${name}: ${key}`);
      stored.set(key, String(point._value));
      if (robot.sent.get(key) !== String(point._value) || point.robot !== name) foreign.push(`${name}: ${key}`);
    }
    for (const [key, value] of robot.acknowledged) if (stored.get(key) !== value) lost.push(`${name}: ${key}`);
    report.acknowledged += robot.acknowledged.size;
    report.stored += stored.size;
    report.stuck += robot.waiting;
    report.acceptedWhileOff += robot.acceptedWhileOff;
  }
  return { ...report, replies: Object.fromEntries(replies), lost, foreign, doubled };
}
