import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, PairingError, secondsToWait } from './pair-request.ts';

export { PairingError } from './pair-request.ts';

export type Architecture = 'arm64' | 'amd64' | 'armhf';

export interface PairOptions {
  /** URL of the API, without a path: http://localhost:9101. */
  apiUrl: string;
  hostname: string;
  name?: string;
  architecture?: Architecture;
  /** Called with each 8-digit code to show to the owner; `expiresIn` in seconds. */
  onCode(code: string, about: { expiresIn: number }): void | Promise<void>;
  signal?: AbortSignal;
}

/** A paired robot's identity; the token is secret. */
export interface PairedRobot {
  token: string;
  robotId: number;
  name: string;
}

interface Ticket {
  code: string;
  pollToken: string;
  intervalMs: number;
  expiresIn: number;
}

/** Longer than any real interval; limits what a server can ask for. */
const LONGEST_WAIT_S = 300;
const MAX_CODES_IN_USE = 20;

/**
 * Pairs a robot with its owner: generates a code, shows it, and waits until the owner has entered it. Replaces expired
 * codes, so it may wait for ever; `signal` aborts it.
 * @throws PairingError when the server refuses the request or cannot be reached at the first attempt
 */
export async function pairRobot(options: PairOptions): Promise<PairedRobot> {
  for (;;) {
    const ticket = await ask(options);
    await options.onCode(ticket.code, { expiresIn: ticket.expiresIn });
    const robot = await untilConfirmed(ticket, options);
    if (robot) return robot;
  }
}

async function ask(options: PairOptions): Promise<Ticket> {
  const { apiUrl, hostname, name, architecture, signal } = options;
  for (let taken = 0; taken < MAX_CODES_IN_USE; ) {
    const code = String(randomInt(100_000_000)).padStart(8, '0');
    const body = JSON.stringify({ hostname, code, name, architecture });
    const reply = await call(apiUrl, '/api/pair', { method: 'POST', body, signal });
    if (reply.status === 201) {
      const { poll_token, interval, expires_in } = reply.body;
      if (typeof poll_token !== 'string') throw new PairingError(`${apiUrl} does not seem to be a Robowatch server.`);
      return {
        code,
        pollToken: poll_token,
        intervalMs: seconds(interval, 5) * 1000,
        expiresIn: seconds(expires_in, 900),
      };
    }
    if (reply.status === 409) taken++;
    else if (reply.status === 429 || reply.status === 503) await wait(secondsToWait(reply, 5), signal);
    else throw new PairingError(`${apiUrl} refused the pairing request: ${reply.reason}.`);
  }
  throw new PairingError(`${apiUrl} refused ${MAX_CODES_IN_USE} codes in a row because they were in use.`);
}

/** Waits for the owner. @returns the confirmed robot, or undefined when the code has expired */
async function untilConfirmed(ticket: Ticket, { apiUrl, signal }: PairOptions): Promise<PairedRobot | undefined> {
  const deadline = Date.now() + ticket.expiresIn * 1000;
  let pause = ticket.intervalMs / 1000;
  while (Date.now() < deadline + 60_000) {
    await wait(pause, signal);
    pause = ticket.intervalMs / 1000;
    // The owner may just be entering the code, so keep polling through lost connections and server restarts.
    const reply = await call(apiUrl, `/api/pair/${ticket.code}/status`, { token: ticket.pollToken, signal }).catch(
      (error) => {
        if (signal?.aborted) throw error;
      },
    );
    if (!reply || reply.status >= 500) continue;
    if (reply.status === 429) pause = Math.max(pause, secondsToWait(reply, pause));
    else if (reply.status === 404) return undefined;
    else if (reply.status !== 200) throw new PairingError(`${apiUrl} ended the pairing: ${reply.reason}.`);
    else if (reply.body.status === 'expired') return undefined;
    else if (typeof reply.body.token === 'string') {
      return { token: reply.body.token, robotId: Number(reply.body.robot_id), name: String(reply.body.name) };
    }
  }
  return undefined;
}

function seconds(value: unknown, otherwise: number) {
  return typeof value === 'number' && value > 0 ? value : otherwise;
}

function wait(forSeconds: number, signal: AbortSignal | undefined) {
  return sleep(Math.min(forSeconds, LONGEST_WAIT_S) * 1000, undefined, { signal });
}
