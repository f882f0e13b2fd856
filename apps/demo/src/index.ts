import { randomInt } from 'node:crypto';
import { pairRobot } from '../../../agent/pair-client.ts';
import { CAST, type Character } from './cast.ts';
import { live } from './live.ts';
import { openState, type SavedRobot } from './state.ts';

export interface DemoOptions {
  /** URL of the API, without a path. */
  apiUrl: string;
  /** Confirms the robot with this code, in place of an owner. */
  confirm(pairing: { code: string; hostname: string; name: string }): Promise<void>;
  /** File that stores the robots' tokens between starts. */
  stateFile: string;
  /** Number of robots, at most and by default five. */
  robots?: number;
  intervalMs?: number;
  /** Length of the history that a new robot sends. */
  historyMs?: number;
  /** Whether a refused robot has been deleted rather than deactivated; default: deleted. */
  isGone?(robot: { id: number; token: string }): Promise<boolean>;
  /** Also aborts the pairing, which `stop()` cannot. */
  signal?: AbortSignal;
  log?(message: string): void;
}

export interface DemoRobots {
  /** Number of robots reporting; a deleted one stops. */
  running(): number;
  /** Resolves when no robot is running any more, for whatever reason. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

export const DEMO_ROBOTS = CAST.length;

/**
 * Starts simulated robots, which really pair and report over HTTP, with plausible values. Resolves when all are paired;
 * skips robots that cannot pair, and logs why.
 */
export async function startDemoRobots(options: DemoOptions): Promise<DemoRobots> {
  const { robots = CAST.length, intervalMs = 5_000, historyMs = 3_600_000, log = () => undefined } = options;
  const state = await openState(options.stateFile);
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([abort.signal, options.signal]) : abort.signal;
  const cast = CAST.slice(0, robots).filter(({ hostname }) => !state.isComplete() || state.get(hostname));

  const paired = await Promise.all(
    cast.map((character) => known(character).catch((error) => leftOut(character, error))),
  );
  if (paired.every(Boolean) && !state.isComplete()) await state.complete();
  let running = 0;
  const lives = cast.map(async (character, index) => {
    const saved = paired[index];
    if (!saved) return;
    running++;
    await run(character, saved).catch((error: Error) => log(`${character.hostname}: ${error.message}`));
    running--;
  });
  const ended = Promise.all(lives).then(() => undefined);
  return {
    running: () => running,
    ended,
    stop() {
      abort.abort();
      return ended;
    },
  };

  async function known(character: Character): Promise<SavedRobot> {
    return state.get(character.hostname) ?? (await pair(character));
  }

  function leftOut({ hostname }: Character, error: Error) {
    if (!signal.aborted) log(`${hostname}: could not pair: ${error.message}`);
    return undefined;
  }

  async function pair({ hostname, architecture }: Character) {
    const { apiUrl, confirm } = options;
    const onCode = (code: string) => confirm({ code, hostname, name: hostname });
    const { token, robotId } = await pairRobot({ apiUrl, hostname, name: hostname, architecture, onCode, signal });
    const seed = randomInt(2 ** 31);
    const robot = { id: robotId, hostname, token, seed, start: Date.now() - historyMs, filled: false };
    await state.put(robot);
    log(`${hostname}: paired as robot ${robotId}`);
    return robot;
  }

  async function run(character: Character, saved: SavedRobot) {
    const { token, seed, start } = saved;
    const since = saved.filled ? Date.now() : start;
    const onFilled = () => (saved.filled ? Promise.resolve() : state.put({ ...saved, filled: true }));
    const isGone = async () => options.isGone?.(saved) ?? true;
    const life = { apiUrl: options.apiUrl, token, intervalMs, since, signal, log, onFilled, isGone };
    if ((await live({ character, seed, start }, life)) === 'stopped') return;
    log(`${character.hostname}: deleted on the server; stopping`);
    await state.drop(character.hostname);
  }
}
