import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';

/**
 * What passkeys are bound to (WebAuthn's relying party): the host and the origin of PUBLIC_URL. Undefined where browsers
 * offer none: over plain HTTP other than on this machine, and where the server is reached by an address without a name.
 */
export function relyingParty({ publicUrl }: Pick<Config, 'publicUrl'>): { id: string; origin: string } | undefined {
  const { protocol, hostname, origin } = new URL(publicUrl);
  if (isIP(hostname.replace(/^\[|\]$/g, ''))) return undefined;
  return protocol === 'https:' || hostname === 'localhost' ? { id: hostname, origin } : undefined;
}
