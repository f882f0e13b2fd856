import type { Dispatcher } from 'undici';
import { fitLines } from '../messages/write-letter.ts';
import { Undelivered } from '../undelivered.ts';
import { escaped } from './email.ts';
import { type Answer, post } from './post.ts';
import type { Send } from './sender.ts';
import { markOf } from './signs.ts';

/** Of a message's text, which may have 4,096 characters without its markup. */
const MAX_CHARACTERS = 3_500;

/** Telegram's Bot API, sendMessage. */
export function telegramSender({ token, apiUrl }: { token: string; apiUrl: string }, dispatcher: Dispatcher): Send {
  return async ({ settings }, { key, letter }, signal) => {
    const lines = fitLines(
      letter,
      ({ text, url }) => `<a href="${escaped(url)}">${escaped(text)}</a>`,
      MAX_CHARACTERS * 4,
      (written) => written.replace(/<[^>]*>/g, '').length * 4,
    );
    const rule = letter.rule ? `\n${escaped(letter.rule)}` : '';
    const body = JSON.stringify({
      chat_id: settings.chat_id,
      text: `${markOf(letter)} <b>${escaped(letter.title)}</b>\n${lines}${rule}`,
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      disable_notification: letter.severity === 'info',
    });
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    check(await post(dispatcher, { url: `${apiUrl}/bot${token}/sendMessage`, headers, body }, signal));
  };
}

/** @throws Undelivered */
function check({ status, text }: Answer): void {
  const { ok, parameters } = parsed(text);
  if (status === 200 && ok) return;
  if (status === 401 || status === 404) throw new Undelivered("Telegram does not know this server's bot.");
  if (status === 403) throw new Undelivered('The bot may not write to this chat.', { isFinal: true });
  if (status === 400)
    throw new Undelivered('Telegram does not know this chat, or not for this bot.', { isFinal: true });
  throw new Undelivered(`Telegram replied ${status}.`, { retryAfter: parameters?.retry_after });
}

function parsed(text: string): { ok?: boolean; parameters?: { retry_after?: number } } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
