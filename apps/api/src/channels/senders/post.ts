import { type Dispatcher, errors } from 'undici';
import { MAX_REPLY } from '../outside/outside-agent.ts';
import { NotOutside } from '../outside/outside-url.ts';
import { Undelivered } from '../undelivered.ts';

export interface Posted {
  url: string;
  headers: Record<string, string>;
  body: string | Buffer;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** What was read of the reply; at most 64 KiB. */
  text: string;
}

/** Of the refusals, those that may pass. */
const PASSING = [408, 425, 429];

/** Posts and reads the reply; redirects are not followed. @throws Undelivered when there is no reply */
export async function post(
  dispatcher: Dispatcher,
  { url, headers, body }: Posted,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const { origin, pathname, search } = new URL(url);
    const reply = await dispatcher.request({
      ...{ origin, path: pathname + search, method: 'POST', body, signal },
      headers: { 'user-agent': 'Robowatch', ...headers },
    });
    return { status: reply.statusCode, headers: reply.headers, text: await beginning(reply.body) };
  } catch (error) {
    throw unanswered(error);
  }
}

/** A reply that is too long has been one all the same. */
async function beginning(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_REPLY) break;
    }
  } catch (error) {
    if (!(error instanceof errors.ResponseExceededMaxSizeError)) throw error;
  }
  return Buffer.concat(chunks).subarray(0, MAX_REPLY).toString('utf8');
}

/** @throws Undelivered unless the status is 2xx */
export function mustBeTaken({ status, headers }: Answer, passing: readonly number[] = PASSING): void {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new Undelivered(`The receiver redirects (${status}), which is not followed.`, { isFinal: true });
  const isFinal = status < 500 && !passing.includes(status);
  throw new Undelivered(`The receiver replied ${status}.`, { isFinal, retryAfter: secondsOf(headers['retry-after']) });
}

/** `Retry-After` in seconds, whether it is a number or a date (RFC 9110 §10.2.3). */
export function secondsOf(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ENOTFOUND: 'has a name that DNS does not know',
  ENODATA: 'has a name without an address',
  ESERVFAIL: 'has a name that DNS does not answer for',
  ETIMEOUT: 'has a name that DNS does not answer for',
  UND_ERR_SOCKET: 'broke the connection',
};
const SLOW = /^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT|UND_ERR_ABORTED|ABORT_ERR|23|20)$/;

function unanswered(error: unknown): Undelivered {
  if (error instanceof NotOutside) return new Undelivered(error.message, { isFinal: true });
  const { code, name, cause } = error as { code?: string; name?: string; cause?: unknown };
  if (cause instanceof NotOutside) return new Undelivered(cause.message, { isFinal: true });
  if (name === 'TimeoutError' || name === 'AbortError' || SLOW.test(String(code)))
    return new Undelivered('The receiver took too long.');
  if (/CERT|SSL|TLS|SELF_SIGNED|ALTNAME/.test(String(code)))
    return new Undelivered(`The receiver's certificate is not valid (${code}).`);
  return new Undelivered(`The receiver ${REASONS[String(code)] ?? 'did not answer as HTTP does'}.`);
}
