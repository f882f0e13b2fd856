import type { Told } from './count.ts';

/** Of a webhook's JSON. */
export function toldByWebhook(body: string): Told[] {
  const { id, state, rule, robot } = JSON.parse(body);
  return id === null ? [] : [{ alertId: id, what: state, pair: `${robot.name} ${rule.name}` }];
}

/** Of an e-mail, which lists robots with the value that each rule is about. */
export function toldByMail(raw: string): Told[] {
  return plainText(raw)
    .split('\n')
    .flatMap((line): Told[] => {
      const began = /^(\S+): probe code has been (\d+) since/.exec(line);
      if (began) return [{ what: 'firing', pair: `${began[1]} code-${began[2]}` }];
      const ended = /^(\S+): probe code is back to normal\. It was equal to (\d+) /.exec(line);
      return ended ? [{ what: 'resolved', pair: `${ended[1]} code-${ended[2]}` }] : [];
    });
}

/** The first part of type text/plain (RFC 2045). */
function plainText(raw: string): string {
  const mail = raw.replaceAll('\r\n', '\n');
  const boundary = /boundary="([^"]+)"/.exec(mail)?.[1];
  const part = mail.split(`--${boundary}`).find((one) => /content-type: text\/plain/i.test(one.split('\n\n')[0] ?? ''));
  if (!part) throw new Error(`A mail without text:\n${mail.slice(0, 2000)}`);
  const body = part.slice(part.indexOf('\n\n') + 2);
  const encoding = /content-transfer-encoding: (\S+)/i.exec(part)?.[1]?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
