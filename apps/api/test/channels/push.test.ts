import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';
import { news, queue, waiting } from './news.ts';
import { type Received, status, useHttpReceiver } from './receivers.ts';

const receiver = useHttpReceiver();
const api = useTestApi({
  TELEGRAM_BOT_TOKEN: '123456:ABC-def',
  TELEGRAM_API_URL: 'http://127.0.0.1:9',
  ALERT_ALLOWED_HOSTS: '127.0.0.1',
  ALERT_GROUP_WAIT: '0',
});
const add = (token: string, kind: string, settings: object) =>
  api.call('POST', '/alert-channels', { token, body: { kind, name: kind, settings } });

it('a browser gets what only it can read, from a server that its key identifies', async () => {
  const owner = await api.person();
  const [{ body: first }, { body: second }] = [
    await api.call('GET', '/alert-channels/webpush-key', { token: owner.token }),
    await api.call('GET', '/alert-channels/webpush-key', { token: owner.token }),
  ];
  expect(second).toEqual(first);
  const [browser, auth] = [createECDH('prime256v1'), randomBytes(16)];
  const keys = { p256dh: browser.generateKeys('base64url'), auth: auth.toString('base64url') };
  const subscription = { endpoint: `${receiver.url()}/push/1`, expirationTime: null, keys };
  const made = await add(owner.token, 'webpush', subscription);
  expect([made.status, made.body.settings.host]).toEqual([201, '127.0.0.1']);
  expect(JSON.stringify(made.body)).not.toMatch(new RegExp(`push/1|${keys.p256dh}|${keys.auth}`));

  await queue(api.deps().db, [made.body.id], [news('firing', { severity: 'critical' })]);
  await expect.poll(() => receiver.at('/push/')).toHaveLength(1);
  const { headers, body } = receiver.at('/push/')[0] as Received;
  expect(headers).toMatchObject({ ttl: '86400', urgency: 'high', 'content-encoding': 'aes128gcm' });
  expect(JSON.parse(decrypted(body, browser, auth))).toMatchObject({
    ...{ title: 'crane is offline', severity: 'critical', tag: headers['idempotency-key'] },
  });
  const [, token = '', key = ''] = /^vapid t=([^,]+), ?k=(.+)$/.exec(String(headers.authorization)) ?? [];
  expect(key).toBe(first.public_key);
  expect(isSigned(token, key)).toBe(true);

  receiver.answer(status(410));
  await queue(api.deps().db, [made.body.id], [news('firing')]);
  const read = () => api.call('GET', `/alert-channels/${made.body.id}`, { token: owner.token });
  await expect.poll(async () => (await read()).body.last_error).toBe('The browser has ended this subscription.');
  expect(await waiting(api.deps().db, made.body.id)).toEqual([]);
  receiver.answer(status(200));
});

it('Telegram gets one message, and is believed when it asks to wait', async () => {
  const { telegramSender } = await import('../../src/channels/senders/telegram.ts');
  const { ownAgent } = await import('../../src/channels/outside/outside-agent.ts');
  const { writeLetter } = await import('../../src/channels/messages/write-letter.ts');
  const agent = ownAgent();
  const send = telegramSender({ token: '123456:ABC-def', apiUrl: receiver.url() }, agent);
  const all = [news('firing', { robot: { id: 1, name: '<b>&crane' } })];
  const letter = writeLetter(all, {
    language: 'ru',
    timeZone: 'UTC',
    publicUrl: 'https://robots.example',
    now: new Date(),
  });
  const sending = () =>
    send({ settings: { chat_id: '-100' }, secrets: {} }, { key: 'k', news: all, letter }, AbortSignal.timeout(20_000));
  const reply = (code: number, body: object) =>
    receiver.answer((response) => void response.writeHead(code).end(JSON.stringify(body)));
  reply(200, { ok: true });
  await sending();
  const [sent] = receiver.json('/bot123456:ABC-def/sendMessage');
  expect(sent).toMatchObject({ chat_id: '-100', parse_mode: 'HTML' });
  expect(sent.text).toContain('&lt;b&gt;&amp;crane не на связи');
  reply(429, { ok: false, parameters: { retry_after: 33 } });
  await expect(sending()).rejects.toMatchObject({ isFinal: false, retryAfter: 33 });
  reply(403, { ok: false });
  await expect(sending()).rejects.toMatchObject({ isFinal: true });
  reply(401, { ok: false });
  await expect(sending()).rejects.toMatchObject({ isFinal: false });
  receiver.answer(status(200));
  await agent.destroy();
});

/** RFC 8291 with one record of RFC 8188, as a browser does it. */
function decrypted(body: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): string {
  const [salt, length] = [body.subarray(0, 16), body[20] ?? 0];
  const [sender, cipher] = [body.subarray(21, 21 + length), body.subarray(21 + length)];
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), sender]);
  const ikm = Buffer.from(hkdfSync('sha256', browser.computeSecret(sender), auth, info, 32));
  const derive = (name: string, size: number) =>
    Buffer.from(hkdfSync('sha256', ikm, salt, Buffer.from(`Content-Encoding: ${name}\0`), size));
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
  decipher.setAuthTag(cipher.subarray(-16));
  const padded = Buffer.concat([decipher.update(cipher.subarray(0, -16)), decipher.final()]);
  return padded.subarray(0, padded.lastIndexOf(2)).toString();
}

function isSigned(token: string, key: string): boolean {
  const point = Buffer.from(key, 'base64url');
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) };
  const [head, claims, signature = ''] = token.split('.');
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', Buffer.from(`${head}.${claims}`), how, Buffer.from(signature, 'base64url'));
}
