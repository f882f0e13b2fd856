import { createECDH } from 'node:crypto';
import { isIP } from 'node:net';
import type { ChannelKind } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';
import { outsideAddresses } from './outside/outside-agent.ts';
import { bareHost, isAllowed, NotOutside, outsideUrl } from './outside/outside-url.ts';
import type { Resolve } from './outside/resolve.ts';
import type { GivenSettings } from './schemas.ts';

/** Never answered, and kept sealed. */
export interface ChannelSecrets {
  url?: string;
  token?: string;
  secret?: string;
  subscription?: { endpoint: string; keys: { p256dh: string; auth: string } };
}

export interface CheckedSettings {
  /** May be answered. */
  settings: Record<string, string>;
  secrets: ChannelSecrets;
  host: string;
  /** A secret that was made here, to be shown once. */
  made?: string;
}

export interface Former {
  settings: Record<string, unknown>;
  secrets: ChannelSecrets;
}

export interface UrlRules {
  allowedHosts: readonly string[];
  resolve: Resolve;
}

const MEMBERS: Record<ChannelKind, (keyof GivenSettings)[]> = {
  email: ['to'],
  telegram: ['chat_id'],
  ntfy: ['url', 'topic', 'token'],
  webhook: ['url', 'secret', 'format'],
  webpush: ['endpoint', 'expirationTime', 'keys'],
};

const invalid = (detail: string) => new AppError('validation_failed', detail);

/**
 * Checks the settings of a channel and parts what may be answered from what may not.
 * @param former what the channel had: its token or secret is kept while it is sent to the same origin
 * @throws AppError validation_failed
 */
export async function checkSettings(
  kind: ChannelKind,
  given: GivenSettings,
  rules: UrlRules,
  former?: Former,
): Promise<CheckedSettings> {
  const foreign = Object.keys(given).find((name) => !MEMBERS[kind].includes(name as keyof GivenSettings));
  if (foreign) throw invalid(`settings.${foreign} does not belong to ${kind}.`);
  switch (kind) {
    case 'email':
      return { settings: { to: mailAddress(given.to) }, secrets: {}, host: 'email' };
    case 'telegram':
      return { settings: { chat_id: chatId(given.chat_id) }, secrets: {}, host: 'telegram' };
    case 'ntfy':
      return ntfy(given, rules, former);
    case 'webhook':
      return webhook(given, rules, former);
    case 'webpush':
      return webPush(given, rules);
  }
}

function mailAddress(to: string | undefined): string {
  const address = to?.trim();
  if (!address) throw invalid('settings.to is missing: the address to write to.');
  // One recipient, whatever a mail program reads in it.
  if (!/^[^\s@,;:<>()[\]\\"]{1,64}@[^\s@,;:<>()[\]\\"]{1,190}$/.test(address))
    throw invalid('settings.to must be one e-mail address.');
  return address;
}

function chatId(given: string | number | undefined): string {
  const id = String(given ?? '');
  if (!/^(-?\d{1,20}|@[A-Za-z]\w{3,31})$/.test(id))
    throw invalid('settings.chat_id must be the number of a chat, or the @name of a channel.');
  return id;
}

async function ntfy({ url: given, topic, token }: GivenSettings, rules: UrlRules, former?: Former) {
  const url = await checkedUrl(given, 'settings.url', rules);
  if (url.search || url.hash) throw invalid('settings.url must be the address of the server, without a query.');
  if (!/^[\w-]{1,64}$/.test(topic ?? '')) throw invalid('settings.topic must be 1 to 64 letters, digits, - or _.');
  const kept = sameOrigin(url, former?.settings.url) ? former?.secrets.token : undefined;
  const secrets = token || kept ? { token: token ?? kept } : {};
  return { settings: { url: url.href, topic: topic as string }, secrets, host: bareHost(url.hostname) };
}

async function webhook({ url: given, secret, format = 'json' }: GivenSettings, rules: UrlRules, former?: Former) {
  const url = await checkedUrl(given, 'settings.url', rules);
  const host = bareHost(url.hostname);
  url.hash = '';
  if (format !== 'json') {
    if (secret) throw invalid(`settings.secret does not belong to ${format}, which does not check signatures.`);
    return { settings: { url: `${url.origin}/…`, format }, secrets: { url: url.href }, host };
  }
  const kept = sameOrigin(url, former?.settings.url) ? former?.secrets.secret : undefined;
  const made = secret || kept ? undefined : newSecret();
  return { settings: { url: url.href, format }, secrets: { secret: secret ?? kept ?? made }, host, made };
}

async function webPush({ endpoint: given, keys }: GivenSettings, rules: UrlRules) {
  const url = await checkedUrl(given, 'settings.endpoint', rules);
  const host = bareHost(url.hostname);
  if (url.protocol !== 'https:' && !isAllowed(host, rules.allowedHosts))
    throw invalid('settings.endpoint must begin with https://.');
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');
  const [point, auth] = [bytes(keys?.p256dh), bytes(keys?.auth)];
  if (!keys || !isPoint(point) || auth.length !== 16)
    throw invalid("settings.keys must be those of the browser's subscription: p256dh and auth.");
  const subscription = { endpoint: url.href, keys };
  return { settings: { host, endpoint_sha256: sha256(url.href) }, secrets: { subscription }, host };
}

/** Whether it is a public key that can be encrypted for: on the curve P-256, uncompressed. */
function isPoint(bytes: Buffer): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false;
  const curve = createECDH('prime256v1');
  curve.generateKeys();
  try {
    return curve.computeSecret(bytes).length > 0;
  } catch {
    return false;
  }
}

/** Also asks DNS, so that whoever mistypes learns of it at once; what counts is the check at connecting. */
async function checkedUrl(given: string | undefined, name: string, { allowedHosts, resolve }: UrlRules): Promise<URL> {
  if (!given) throw invalid(`${name} is missing.`);
  try {
    const url = outsideUrl(given, allowedHosts);
    const host = bareHost(url.hostname);
    // A name that cannot be found now may be found later: a test message tells.
    if (!isAllowed(host, allowedHosts) && !isIP(host))
      await outsideAddresses(host, resolve).catch((error) => {
        if (error instanceof NotOutside) throw error;
      });
    return url;
  } catch (error) {
    if (error instanceof NotOutside) throw invalid(`${name}: ${error.message}`);
    throw error;
  }
}

const sameOrigin = (url: URL, former: unknown) =>
  typeof former === 'string' && URL.canParse(former) && new URL(former).origin === url.origin;
