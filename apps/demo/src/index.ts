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
  log?(message: string): void;
}

/**
 * Starts robots that do not exist: each really pairs and reports over HTTP, with believable figures. Resolves when all
 * are paired; one that cannot pair is left out, and `log` told why.
 */
export async function startDemoRobots(options: DemoOptions): Promise<{ stop(): Promise<void> }> {
  const { robots = CAST.length, intervalMs = 5_000, historyMs = 3_600_000, log = () => undefined } = options;
  const state = await openState(options.stateFile);
  const abort = new AbortController();
  const { signal } = abort;
  const cast = CAST.slice(0, robots);

  const paired = await Promise.all(
    cast.map((character) => known(character).catch((error) => leftOut(character, error))),
  );
  const lives = cast.map((character, index) => {
    const saved = paired[index];
    return saved && run(character, saved).catch((error: Error) => log(`${character.hostname}: ${error.message}`));
  });
  return {
    async stop() {
      abort.abort();
      await Promise.all(lives);
    },
  };

  async function known(character: Character): Promise<SavedRobot> {
    return state.get(character.hostname) ?? (await pair(character));
  }

  function leftOut({ hostname }: Character, error: Error) {
    log(`${hostname}: not paired: ${error.message}`);
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
    const life = { apiUrl: options.apiUrl, token, intervalMs, since, signal, log, onFilled };
    if ((await live({ character, seed, start }, life)) === 'stopped') return;
    log(`${character.hostname}: the server refuses it; it ends here and pairs anew at the next start`);
    await state.drop(character.hostname);
  }
}
