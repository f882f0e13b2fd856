import type { Transporter } from 'nodemailer';
import { fitLines, type Letter } from '../messages/write-letter.ts';
import { Undelivered } from '../undelivered.ts';
import type { Send } from './sender.ts';

interface Smtp {
  url: string;
  from: { name: string; address: string };
}

const WAIT_MS = 10_000;
const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const MAX_CHARACTERS = 200_000;

/** E-mail through the operator's server. A password is only sent over TLS, unless the server is on this machine. */
export function emailSender({ url, from }: Smtp): Send {
  let opened: Promise<Transporter> | undefined;
  return async ({ settings }, { key, letter }, signal) => {
    opened ??= openTransport(url);
    const transport = await opened;
    const sending = transport.sendMail({
      from,
      to: { name: '', address: String(settings.to) },
      subject: `[Robowatch] ${letter.title}`,
      messageId: `<${key}@${from.address.split('@').at(-1)}>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'Idempotency-Key': key },
      text: plainText(letter),
      html: html(letter),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Undelivered('The mail server took too long.')), { once: true });
    });
    try {
      await Promise.race([sending, stopped]);
    } catch (error) {
      sending.catch(() => {});
      throw error instanceof Undelivered ? error : refusal(error);
    }
  };
}

/** The library is loaded only where it is used. */
async function openTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const { username, hostname } = new URL(url);
  const requireTLS = username !== '' && !LOCAL.includes(hostname);
  const times = { connectionTimeout: WAIT_MS, greetingTimeout: WAIT_MS, socketTimeout: WAIT_MS, dnsTimeout: WAIT_MS };
  return createTransport({ url, requireTLS, ...times });
}

/** What a mail server says of a recipient is final if it begins with 5; of us, it is for the operator to mend. */
function refusal(error: unknown): Undelivered {
  const { responseCode = 0, code = '' } = error as { responseCode?: number; code?: string };
  const isFinal = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  const said = responseCode ? `replied ${responseCode}` : code === 'ETIMEDOUT' ? 'took too long' : 'cannot be reached';
  return new Undelivered(`The mail server ${code === 'EAUTH' ? 'refuses our password' : said}.`, { isFinal });
}

function plainText(letter: Letter): string {
  const lines = fitLines(letter, ({ text, url }) => `${text}\n${url}\n`, MAX_CHARACTERS);
  return `${lines}${letter.rule ? `\n${letter.rule}\n` : ''}`;
}

function html(letter: Letter): string {
  const items = fitLines(
    letter,
    ({ text, url }) => `<li style="margin:0 0 8px"><a href="${escaped(url)}">${escaped(text)}</a></li>`,
    MAX_CHARACTERS,
  );
  const rule = letter.rule ? `<p>${escaped(letter.rule)}</p>` : '';
  const link = `<p><a href="${escaped(letter.url)}">${escaped(letter.linkText)}</a></p>`;
  return `<!doctype html><html><body><h1 style="font-size:18px">${escaped(letter.title)}</h1><ul>${items}</ul>${rule}${link}</body></html>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
