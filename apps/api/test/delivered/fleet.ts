import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { between, pick, type Random, seeded } from '../acknowledged/random.ts';
import type { ServerProcess } from '../support/server-process.ts';

/** Shorter than the rules' window, so that a robot is never quiet. */
const REPORT_MS = 12_000;
const TIMEOUT_MS = 5_000;

interface Robot {
  name: string;
  token: string;
  random: Random;
  /** Those that it has not had yet. */
  codes: number[];
}

/** During which a robot had a code, and said so. */
interface Spell {
  pair: string;
  from: number;
  until: number;
}

/**
 * Robots that report a code, which changes at times determined by the seed. No robot has a code twice, so that each pair of rule and
 * robot has one alert at most.
 */
export class Fleet {
  /** Times are milliseconds since 1970. */
  readonly spells: Spell[] = [];
  readonly replies = new Map<string, number>();
  #robots: Robot[] = [];
  #urls: () => string[];
  #dwellMs: readonly [number, number];
  #stop = new AbortController();
  /** What all robots have now, whatever their seed says. */
  #all: number | undefined;
  #lives: Promise<unknown> = Promise.resolve();

  /** @param dwellMs for how long a robot has a code, at least and at most */
  constructor(urls: () => string[], dwellMs: readonly [number, number]) {
    this.#urls = urls;
    this.#dwellMs = dwellMs;
  }

  /** @param codes those that robots may have. */
  async pair(api: ServerProcess, token: string, count: number, codes: number[], seed: number): Promise<void> {
    const limit = pLimit(8);
    const one = async (number: number) => {
      const [code, name] = [String(20_000_000 + number), `robot-${number}`];
      const asked = await api.call('POST', '/pair', { body: { hostname: name, code } });
      if (asked.status !== 201) throw new Error(JSON.stringify(asked.body));
      const { body } = await api.call('POST', `/pair/${code}/confirm`, { token, body: { name } });
      const random = seeded(seed + number);
      const own = codes.toSorted(() => random() - 0.5);
      this.#robots.push({ name, token: body.influxdb_token, random, codes: own });
    };
    await Promise.all(Array.from({ length: count }, (_, i) => limit(one, i + 1)));
  }

  live(): void {
    this.#lives = Promise.all(this.#robots.map((robot) => this.#liveOne(robot)));
  }

  /** From now on, all have this code; 0 is well. */
  all(code: number): void {
    this.#all = code;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#lives;
  }

  async #liveOne({ name, token, random, codes }: Robot): Promise<void> {
    let [code, changes, reports, told] = [0, Date.now() + between(random, 0, this.#dwellMs[1]), 0, -1];
    let spell: Spell | undefined;
    await this.#sleep(between(random, 0, 1_000));
    while (!this.#stop.signal.aborted) {
      const now = Date.now();
      if (this.#all !== undefined) code = this.#all;
      else if (now >= changes) {
        code = code === 0 || random() < 0.5 ? (codes.pop() ?? 0) : 0;
        changes = now + between(random, ...this.#dwellMs);
      }
      if (code !== told || now >= reports) {
        if (!(await this.#report(token, random, `probe code=${code} ${now}000000`))) {
          await this.#sleep(between(random, 300, 1_000));
          continue;
        }
        if (code !== told && spell) spell.until = now;
        if (code !== told)
          spell = code === 0 ? undefined : { pair: `${name} code-${code}`, from: now, until: Infinity };
        if (code !== told && spell) this.spells.push(spell);
        [told, reports] = [code, now + REPORT_MS];
      }
      await this.#sleep(500);
    }
  }

  #sleep = (ms: number) => sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);

  async #report(token: string, random: Random, body: string): Promise<boolean> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const headers = { authorization: `Bearer ${token}` };
    const url = `${pick(random, this.#urls())}/api/metrics`;
    const reply = await fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
    await reply?.arrayBuffer().catch(() => undefined);
    const outcome = reply ? String(reply.status) : 'no answer';
    this.replies.set(outcome, (this.replies.get(outcome) ?? 0) + 1);
    return reply?.status === 204;
  }
}
