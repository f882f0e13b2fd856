import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** As in agent/buffer.sh and backfill.sh: rounds of ten seconds, one body a round, longer and longer pauses. */
const ROUND_MS = 10_000;
const JITTER_MS = 8_000;
const MOST_ROUNDS_BEFORE = 6;
const FIRST_PAUSE_S = 5;
const LONGEST_PAUSE_S = 240;
const TIMEOUT_MS = 20_000;

export interface BodyAnswer {
  /** 0 if the connection broke or nothing came in time. */
  status: number;
  ms: number;
}

/** Sends a backlog as the agent does after an outage: at its own time, one gzipped body a round, on a new connection. */
export async function sendBacklog(
  url: string,
  token: string,
  bodies: Buffer[],
  signal: AbortSignal,
  onAnswer: (answer: BodyAnswer) => void,
): Promise<void> {
  let pauseS = 0;
  await wait(ROUND_MS * Math.floor(Math.random() * (MOST_ROUNDS_BEFORE + 1)) + JITTER_MS * Math.random(), signal);
  for (let next = 0; next < bodies.length && !signal.aborted; ) {
    const started = performance.now();
    const { status, retryAfter } = await send(url, token, bodies[next] as Buffer);
    onAnswer({ status, ms: performance.now() - started });
    let rounds = 1;
    if (status === 204) [next, pauseS] = [next + 1, 0];
    else {
      pauseS = pauseS < FIRST_PAUSE_S ? FIRST_PAUSE_S : Math.min(LONGEST_PAUSE_S, pauseS * 2);
      rounds = Math.ceil((Math.max(retryAfter, pauseS) * (1 + Math.random() / 2) * 1000) / ROUND_MS) + 1;
    }
    await wait(
      rounds * ROUND_MS - ((performance.now() - started) % ROUND_MS) + JITTER_MS * (Math.random() - 0.5),
      signal,
    );
  }
}

const wait = (ms: number, signal: AbortSignal) => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);

function send(url: string, token: string, body: Buffer): Promise<{ status: number; retryAfter: number }> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}`, 'content-encoding': 'gzip', 'content-length': body.length };
    const asked = request(
      `${url}/api/metrics`,
      { method: 'POST', headers, agent: false, timeout: TIMEOUT_MS },
      (reply) => {
        reply.resume();
        resolve({ status: reply.statusCode ?? 0, retryAfter: Number(reply.headers['retry-after'] ?? 0) });
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve({ status: 0, retryAfter: 0 }));
    asked.end(body);
  });
}
