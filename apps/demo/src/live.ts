import { setTimeout as sleep } from 'node:timers/promises';
import { boardLines } from './board.ts';
import { createDelivery } from './delivery.ts';
import { logLines, measure } from './lines.ts';
import { isAway, type Robot } from './signals.ts';

const HISTORY_STEP_MS = 10_000;

export interface Life {
  apiUrl: string;
  token: string;
  intervalMs: number;
  /** Start of the data, ms since 1970; the history is filled in first, in steps of ten seconds. */
  since: number;
  signal: AbortSignal;
  log(message: string): void;
  /** Called once the history and the first live sample have been delivered. */
  onFilled(): Promise<void>;
  /** Called when the token is refused: a robot that is only deactivated continues and keeps its data. */
  isGone(): Promise<boolean>;
}

/**
 * Measures and reports until `signal` aborts. Keeps undelivered data and retries.
 * @returns 'refused' when the robot has been deleted on the server, 'stopped' otherwise
 */
export async function live(robot: Robot, life: Life): Promise<'refused' | 'stopped'> {
  const { signal, intervalMs, log } = life;
  const delivery = createDelivery(life.apiUrl, life.token);
  const name = robot.character.hostname;
  let until = Math.floor(life.since / HISTORY_STEP_MS) * HISTORY_STEP_MS;
  let measured = false;
  let filled = false;
  let trouble = '';

  const report = (time: number) => {
    const board = boardLines(robot, until, time, !measured);
    delivery.add([...measure(robot, time), ...board, ...logLines(robot, until, time)]);
    until = time;
    measured = true;
  };
  for (let time = until + HISTORY_STEP_MS; time <= Date.now() - intervalMs; time += HISTORY_STEP_MS) report(time);

  while (!signal.aborted) {
    const now = Math.floor(Date.now() / 1000) * 1000;
    if (now > until) report(now);
    if (!isAway(robot, now) || !filled) {
      const outcome = await delivery.flush(signal);
      if (outcome.result === 'refused' && (await life.isGone())) return 'refused';
      const reason = outcome.result === 'sent' || signal.aborted ? '' : outcome.reason;
      if (reason && reason !== trouble)
        log(`${name}: keeping its data, because the server does not accept it (${reason})`);
      if (trouble && outcome.result === 'sent') log(`${name}: delivered the data it had kept`);
      trouble = reason;
      if (!filled && measured && outcome.result === 'sent') {
        filled = true;
        await life.onFilled();
      }
    }
    await sleep(intervalMs - (Date.now() % intervalMs), undefined, { signal }).catch(() => undefined);
  }
  return 'stopped';
}
