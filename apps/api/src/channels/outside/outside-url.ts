import { isIP } from 'node:net';
import { isOutside } from './addresses.ts';

/** The address leads into the network of the server, or is not one to send to. The message may be shown to its owner. */
export class NotOutside extends Error {
  override name = 'NotOutside';
}

/** A host as in an address, without brackets and final dots. */
export const bareHost = (host: string) =>
  host
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '')
    .toLowerCase();

export const leadsInside = (host: string) =>
  new NotOutside(`${host} is inside the server's own network. An administrator can allow it in ALERT_ALLOWED_HOSTS.`);

/**
 * Checks an address that a user wrote, as far as that can be done without asking DNS. The parser of URLs has already
 * brought decimal, octal and hexadecimal addresses to their usual form.
 * @throws NotOutside
 */
export function outsideUrl(text: string, allowedHosts: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new NotOutside('The URL must begin with http:// or https://.');
  if (url.username || url.password) throw new NotOutside('The URL must not contain a user name or a password.');
  const host = bareHost(url.hostname);
  if (isAllowed(host, allowedHosts)) return url;
  const isLocalName = host === '' || host === 'localhost' || host.endsWith('.localhost');
  if (isLocalName || (isIP(host) && !isOutside(host))) throw leadsInside(host || 'It');
  return url;
}

export const isAllowed = (host: string, allowedHosts: readonly string[]) =>
  allowedHosts.some((allowed) => bareHost(allowed) === bareHost(host));
