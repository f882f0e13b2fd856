import type { Dispatcher } from 'undici';
import { fitLines } from '../messages/write-letter.ts';
import type { PushKeys } from '../push-key-store.ts';
import { Undelivered } from '../undelivered.ts';
import { mustBeTaken, post } from './post.ts';
import type { Send } from './sender.ts';

/** A push service keeps the message for a day while the browser is away. */
const TTL_S = 86_400;
/** The whole payload may have 4,096 bytes encrypted. */
const MAX_BYTES = 2_500;

/** Web Push (RFC 8030), encrypted for the browser (RFC 8291), with the server's VAPID keys (RFC 8292). */
export function webPushSender(dispatcher: Dispatcher, keys: () => Promise<PushKeys>, subject: string): Send {
  return async ({ secrets: { subscription } }, { key, letter }, signal) => {
    if (!subscription) throw new Undelivered('The subscription cannot be read.', { isFinal: true });
    const { default: webPush } = await import('web-push');
    const payload = JSON.stringify({
      ...{ title: letter.title, url: letter.url, tag: key, severity: letter.severity ?? null },
      body: fitLines(letter, ({ text }) => text, MAX_BYTES, Buffer.byteLength),
    });
    const { endpoint, headers, body } = webPush.generateRequestDetails(subscription, payload, {
      vapidDetails: { subject, ...(await keys()) },
      contentEncoding: 'aes128gcm',
      TTL: TTL_S,
      urgency: letter.severity === 'critical' ? 'high' : 'normal',
      // A repetition replaces what the browser has not fetched yet.
      topic: key.replaceAll('-', ''),
    });
    const sent = { ...(headers as Record<string, string>), 'idempotency-key': key };
    const answer = await post(dispatcher, { url: endpoint, headers: texts(sent), body: body as Buffer }, signal);
    if (answer.status === 404 || answer.status === 410)
      throw new Undelivered('The browser has ended this subscription.', { isFinal: true });
    mustBeTaken(answer);
  };
}

const texts = (headers: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(headers)
      // The client counts the bytes itself.
      .filter(([name]) => name.toLowerCase() !== 'content-length')
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
