import { createHmac } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { isOfAlert } from '../news.ts';
import type { Format } from '../schemas.ts';
import { chatBody } from './chats.ts';
import { mustBeTaken, post } from './post.ts';
import type { Message, Send } from './sender.ts';

/** A webhook: JSON of one alert, signed; or the message that a chat takes. */
export function webhookSender(dispatcher: Dispatcher): Send {
  return async ({ settings, secrets }, message, signal) => {
    const format = (settings.format ?? 'json') as Format;
    const body = format === 'json' ? alertBody(message) : chatBody(format, message.letter);
    const headers: Record<string, string> = { 'content-type': 'application/json', 'idempotency-key': message.key };
    if (secrets.secret)
      headers['x-robowatch-signature'] = signature(secrets.secret, Math.floor(Date.now() / 1000), body);
    mustBeTaken(await post(dispatcher, { url: secrets.url ?? String(settings.url), headers, body }, signal));
  };
}

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`: receivers refuse an old time, so nothing can be replayed. */
export const signature = (secret: string, unix: number, body: string) =>
  `t=${unix},v1=${createHmac('sha256', secret).update(`${unix}.${body}`).digest('hex')}`;

function alertBody({ news: [one], letter }: Message): string {
  const message = letter.lines[0]?.text ?? letter.title;
  if (!one || !isOfAlert(one)) return JSON.stringify({ ...NOTHING, state: one?.what ?? 'test', message });
  const { alertId, what, rule, robot, value, since, severity, resolvedAt } = one;
  return JSON.stringify({
    id: Number(alertId),
    state: what === 'resolved' ? 'resolved' : 'firing',
    rule,
    robot: { ...robot, url: letter.url },
    ...{ value, since, severity, message },
    ...(resolvedAt && { resolved_at: resolvedAt }),
    ...(what === 'reminder' && { reminder: true }),
  });
}

/** Messages that are not about an alert have the same members. */
const NOTHING = { id: null, rule: null, robot: null, value: null, since: null, severity: 'info' };
