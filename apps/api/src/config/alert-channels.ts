import { ConfigError, seconds } from './env.ts';
import type { SettingName } from './settings.ts';

const FROM = /^(?:([^<>\r\n"]*)<)?([^\s<>@,;"]+@[^\s<>@,;"]+)>?$/;
const SMTP = /^smtps?:$/;

/**
 * Where alerts can be sent through, and how. Times are in seconds.
 * @throws ConfigError
 */
export function alertChannels(read: Partial<Record<SettingName, string>>) {
  return {
    smtp: smtp(read.SMTP_URL, read.SMTP_FROM),
    telegram: read.TELEGRAM_BOT_TOKEN
      ? { token: botToken(read.TELEGRAM_BOT_TOKEN), apiUrl: (read.TELEGRAM_API_URL as string).replace(/\/+$/, '') }
      : undefined,
    allowedHosts: hosts(read.ALERT_ALLOWED_HOSTS),
    groupWait: seconds('ALERT_GROUP_WAIT', read.ALERT_GROUP_WAIT as string),
    testsPerUser: Number(read.ALERT_TESTS_PER_USER),
    mailsPerUser: Number(read.ALERT_MAILS_PER_USER),
  };
}

function smtp(url: string | undefined, from: string | undefined) {
  if (!url && !from) return undefined;
  if (!url || !from) throw new ConfigError('SMTP_URL and SMTP_FROM go together: set both or neither.');
  if (!URL.canParse(url) || !SMTP.test(new URL(url).protocol) || !new URL(url).hostname)
    throw new ConfigError('SMTP_URL must look like smtp://user:password@host:587, or smtps:// with TLS.');
  const [, name, address] = FROM.exec(from) ?? [];
  if (!address) throw new ConfigError('SMTP_FROM must be an address, or look like Robowatch <robowatch@lab.example>.');
  return { url, from: { name: name?.trim() || 'Robowatch', address } };
}

function botToken(token: string): string {
  if (!/^[\w:-]+$/.test(token)) throw new ConfigError('TELEGRAM_BOT_TOKEN must look like 123456:ABC-DEF.');
  return token;
}

function hosts(list: string | undefined): string[] {
  const names = (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names.map((name) => {
    const address = `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}`;
    if (!URL.canParse(address) || new URL(address).href !== `${new URL(address).origin}/` || new URL(address).port)
      throw new ConfigError(`ALERT_ALLOWED_HOSTS: "${name}" is not the name of a host such as hooks.lab.example.`);
    return new URL(address).hostname.replace(/\.+$/, '');
  });
}
