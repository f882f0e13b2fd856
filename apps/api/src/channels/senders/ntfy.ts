import type { Dispatcher } from 'undici';
import { fitLines } from '../messages/write-letter.ts';
import { mustBeTaken, post } from './post.ts';
import type { Send } from './sender.ts';

/** A longer message becomes an attachment. */
const MAX_BYTES = 3_800;
const PRIORITY = { critical: 5, warning: 4, info: 3 } as const;
const TAGS = { critical: 'rotating_light', warning: 'warning', info: 'information_source' } as const;

/** ntfy, published as JSON. */
export function ntfySender(dispatcher: Dispatcher): Send {
  return async ({ settings, secrets }, { key, letter }, signal) => {
    const { severity, title, url: click } = letter;
    const message = fitLines(letter, ({ text }) => text, MAX_BYTES, Buffer.byteLength);
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key,
      ...(secrets.token && { authorization: `Bearer ${secrets.token}` }),
    };
    const body = JSON.stringify({
      ...{ topic: settings.topic, title, message: letter.rule ? `${message}\n${letter.rule}` : message, click },
      priority: severity ? PRIORITY[severity] : 3,
      tags: [severity ? TAGS[severity] : 'white_check_mark'],
    });
    mustBeTaken(await post(dispatcher, { url: String(settings.url), headers, body }, signal));
  };
}
