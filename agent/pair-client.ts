import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, PairingError, secondsToWait } from './pair-request.ts';

export { PairingError } from './pair-request.ts';

export type Architecture = 'arm64' | 'amd64' | 'armhf';

export interface PairOptions {
  /** Where the API is reached, without a path: http://localhost:9101. */
  apiUrl: string;
  hostname: string;
  name?: string;
  architecture?: Architecture;
  /** Called with each code to be shown to the owner, 8 digits, and how long it lives, in seconds. */
  onCode(code: string, about: { expiresIn: number }): void | Promise<void>;
  signal?: AbortSignal;
}

/** What a paired robot knows about itself; the token is a secret. */
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

/** Longer than any real interval; a server that asks for more is not believed. */
const LONGEST_WAIT_S = 300;
const MAX_CODES_IN_USE = 20;

/**
 * Pairs a robot with its owner: asks with a code of its own, shows it, and waits until the owner has typed it. An
 * expired code is replaced by a new one, so this may wait for ever; `signal` ends it.
 *
 * @throws PairingError when the server refuses the request, or when it cannot be reached at the first attempt
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
      if (typeof poll_token !== 'string') throw new PairingError(`${apiUrl} does not answer like a Robowatch server.`);
      return {
        code,
        pollToken: poll_token,
        intervalMs: seconds(interval, 5) * 1000,
        expiresIn: seconds(expires_in, 900),
      };
    }
    if (reply.status === 409) taken++;
    else if (reply.status === 429 || reply.status === 503) await wait(secondsToWait(reply, 5), signal);
    else throw new PairingError(`${apiUrl} refused to pair: ${reply.reason}.`);
  }
  throw new PairingError(`${apiUrl} refused ${MAX_CODES_IN_USE} codes in a row as already in use.`);
}

/** The robot once its owner has confirmed it; undefined when the code has run out. */
async function untilConfirmed(ticket: Ticket, { apiUrl, signal }: PairOptions): Promise<PairedRobot | undefined> {
  const deadline = Date.now() + ticket.expiresIn * 1000;
  let pause = ticket.intervalMs / 1000;
  while (Date.now() < deadline + 60_000) {
    await wait(pause, signal);
    pause = ticket.intervalMs / 1000;
    // The owner may be typing at this moment: a connection lost or a server restarting is waited out.
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
