import { setTimeout as sleep } from 'node:timers/promises';
import { FleetBodies } from './fleet-bodies.ts';
import { Connection, SharedConnections } from './fleet-connection.ts';
import { FleetFlushes } from './fleet-flushes.ts';
import { type Answer, FleetRobot } from './fleet-robot.ts';
import type { FleetServers, Part } from './fleet-servers.ts';
import { watchFleet } from './fleet-viewer.ts';
import { cpuSeconds, memoryOf } from './process-usage.ts';

/** Robots that report for the first time in a second: an unknown one costs PostgreSQL 0.6 ms. */
const JOINING_PER_S = { unknown: 500, known: 2_000 };
/** A network that is gone for all robots, as at a provider's fault. */
const CUT_MS = 20_000;
/** Each process may open only so many files (ulimit -n). */
const MOST_CONNECTIONS = 15_000;

export const PHASES = {
  join: 'Never seen before',
  start: 'First reports after the servers started',
  calm: 'Known',
  page: 'Known, with the fleet page open',
  herd: 'Back after 20 s without a network for all',
  kill: 'After kill -9 of a server',
} as const;
export type Phase = keyof typeof PHASES;

export interface Measured {
  phase: Phase;
  seconds: number;
  remark: string;
  answers: Answer[];
  started: number;
  /** Cores used on average, and MiB at the end. */
  cores: Record<Part | 'load', number>;
  mib: Record<Part, number>;
}

const PARTS: Part[] = ['server', 'postgres', 'store'];
const byPart = <Value>(of: (part: Part) => Value) =>
  Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<Part, Value>;

export class Fleet {
  #servers: FleetServers;
  #robots: FleetRobot[];
  #flushes: FleetFlushes;
  #shared: SharedConnections[];
  #flushS: number;

  /** @param timing seconds between a robot's reports, and between what is in one. @param isShared whether robots come over shared connections, as behind a reverse proxy, or each over its own */
  constructor(servers: FleetServers, timing: { flushS: number; collectS: number }, isShared: boolean) {
    this.#servers = servers;
    this.#flushS = timing.flushS;
    const { ports, tokens } = servers;
    const bodies = new FleetBodies();
    this.#shared = ports.map((port) => new SharedConnections(port, Math.floor(MOST_CONNECTIONS / ports.length)));
    this.#robots = tokens.map((token, i) => {
      const process = i % ports.length;
      const way = isShared ? this.#shared[process]?.way() : undefined;
      return new FleetRobot(way ?? new Connection(ports[process] as number), token, bodies, i);
    });
    this.#flushes = new FleetFlushes(this.#robots, timing);
  }

  async run(phase: Phase, seconds: number): Promise<Measured> {
    if (phase === 'herd') {
      this.#flushes.cut(CUT_MS);
      await this.#flushes.run(CUT_MS, () => {});
    }
    if (phase === 'kill') await this.#servers.killOne();
    const perSecond = phase === 'join' ? JOINING_PER_S.unknown : JOINING_PER_S.known;
    const joinS = phase === 'join' || phase === 'start' ? Math.max(this.#flushS, this.#robots.length / perSecond) : 0;
    return this.#measured(phase, joinS || seconds, joinS);
  }

  async #measured(phase: Phase, seconds: number, joinS: number): Promise<Measured> {
    const answers: Answer[] = [];
    const { pids } = this.#servers;
    const started = performance.now();
    const own = process.cpuUsage();
    const before = byPart((part) => cpuSeconds(pids[part]()));
    const watching = phase === 'page' ? this.#watch(seconds) : undefined;
    await this.#flushes.run(seconds * 1000, (answer) => answers.push(answer), joinS * 1000);
    const used = byPart((part) => (cpuSeconds(pids[part]()) - before[part]) / seconds);
    const { user, system } = process.cpuUsage(own);
    const mib = byPart((part) => memoryOf(pids[part]()).pss);
    const cores = { ...used, load: (user + system) / 1e6 / seconds };
    return { phase, seconds, remark: (await watching) ?? '', answers, started, cores, mib };
  }

  async #watch(seconds: number): Promise<string> {
    const until = AbortSignal.timeout(seconds * 1000);
    const { reads, bytes } = await watchFleet(this.#servers.url, await this.#servers.signIn(), until);
    return `The page read ${reads} times, ${Math.round(bytes / 1024)} KiB in all. `;
  }

  async close(): Promise<void> {
    for (const robot of this.#robots) robot.close();
    for (const shared of this.#shared) shared.close();
    await sleep(100);
  }
}

/** Shares of answers and times of those that were taken. */
export function summary(answers: Answer[]) {
  const stored = answers.filter(({ status }) => status === 204);
  const broken = answers.filter(({ status }) => status === 0).length;
  const times = stored.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0);
  return {
    answers: answers.length,
    stored: stored.length,
    refused: answers.length - stored.length - broken,
    broken,
    lines: stored.reduce((sum, { lines }) => sum + lines, 0),
    p50: at(0.5),
    p99: at(0.99),
  };
}
