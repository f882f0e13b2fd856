import { randomInt } from 'node:crypto';
import { pairRobot } from '../../../agent/pair-client.ts';
import { CAST, type Character } from './cast.ts';
import { live } from './live.ts';
import { openState, type SavedRobot } from './state.ts';

export interface DemoOptions {
  /** Where the API is reached, without a path. */
  apiUrl: string;
  /** The owner's part: confirms the robot that shows this code. */
  confirm(pairing: { code: string; hostname: string; name: string }): Promise<void>;
  /** Where the robots' tokens are kept from one start to the next. */
  stateFile: string;
  /** How many; there are five. */
  robots?: number;
  intervalMs?: number;
  /** How much past a new robot brings with it. */
  historyMs?: number;
  /** Whether a robot that was refused is removed, rather than switched off for a while. Without it, it is. */
  isGone?(robot: { id: number; token: string }): Promise<boolean>;
  /** Ends the pairing too, which `stop()` cannot. */
  signal?: AbortSignal;
  log?(message: string): void;
}

export interface DemoRobots {
  /** How many report; one that was removed ends. */
  running(): number;
  /** Resolves when none is left, for whatever reason. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

export const DEMO_ROBOTS = CAST.length;

/**
 * Starts robots that do not exist: each really pairs and reports over HTTP, with believable figures. Resolves when all
 * are paired; one that cannot pair is left out, and `log` told why.
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
    if (!signal.aborted) log(`${hostname}: not paired: ${error.message}`);
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
    log(`${character.hostname}: was removed from the server; it ends here`);
    await state.drop(character.hostname);
  }
}
