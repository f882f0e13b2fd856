import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

const LARGEST_BATCH = 2_000;
/** A few hours of one robot; beyond that, the oldest lines are dropped. */
const MOST_KEPT = 40_000;
const TIMEOUT_MS = 5_000;
/** Retrying the same lines would fail again. */
const REFUSED_FOR_GOOD = [400, 413, 422];

/** Result of a delivery: all sent, some kept for later with the reason, or the token refused. */
export type Outcome = { result: 'sent' } | { result: 'kept' | 'refused'; reason: string };

/** A robot's outgoing lines, kept until the server has accepted them or refused them permanently. */
export function createDelivery(apiUrl: string, token: string) {
  const url = new URL('/api/metrics?precision=ns', apiUrl);
  let kept: string[] = [];

  async function post(lines: string[], signal: AbortSignal) {
    const reply = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'text/plain; charset=utf-8',
        'content-encoding': 'gzip',
      },
      body: new Uint8Array(await compress(lines.join('\n'))),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await reply.body?.cancel();
    return reply.status;
  }

  return {
    add(lines: string[]) {
      kept = kept.concat(lines).slice(-MOST_KEPT);
    },
    kept: () => kept.length,
    /** Sends pending lines, oldest first, until all are sent or a batch is not accepted. */
    async flush(signal: AbortSignal): Promise<Outcome> {
      while (kept.length > 0) {
        const batch = kept.slice(0, LARGEST_BATCH);
        const status = await post(batch, signal).catch((error: Error) => error.message);
        if (status === 401) return { result: 'refused', reason: 'status 401' };
        const done =
          typeof status === 'number' && ((status >= 200 && status < 300) || REFUSED_FOR_GOOD.includes(status));
        if (!done) return { result: 'kept', reason: typeof status === 'number' ? `status ${status}` : status };
        kept = kept.slice(batch.length);
      }
      return { result: 'sent' };
    },
  };
}
