/** Pairing failed; the message is one sentence for the person at the robot. */
export class PairingError extends Error {
  override name = 'PairingError';
}

export interface Reply {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  /** Why the request was refused: the server's own words, or the status. */
  reason: string;
}

interface CallOptions {
  method?: string;
  body?: string;
  token?: string;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends one request to the API. Resolves for any status. Does not follow redirects, which could leak the token.
 * @throws PairingError when the server cannot be reached
 */
export async function call(apiUrl: string, path: string, options: CallOptions): Promise<Reply> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const { method, body } = options;
    const reply = await fetch(new URL(path, apiUrl), { method, body, headers, signal, redirect: 'manual' });
    const parsed: unknown = await reply.json().catch(() => undefined);
    const content = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Record<string, unknown>;
    const reason = String(content.detail ?? content.title ?? `status ${reply.status}`).replace(/\.$/, '');
    return { status: reply.status, headers: reply.headers, body: content, reason };
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    throw new PairingError(
      `${apiUrl} cannot be reached (${cause?.code ?? cause?.message ?? (error as Error).message}).`,
    );
  }
}

/** Parses Retry-After, a number of seconds or a date, to seconds. */
export function secondsToWait(reply: Reply, otherwise: number): number {
  const header = reply.headers.get('retry-after');
  if (header === null) return otherwise;
  const asked = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(asked) ? Math.max(0, asked) : otherwise;
}
