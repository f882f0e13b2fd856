import { hash, timingSafeEqual } from 'node:crypto';
import type { OpenIdClient } from '../config/openid-clients.ts';

/**
 * Whether `Authorization: Basic …` is that of one of our clients. The library checks it again; this decides whether the
 * request counts as an attempt. Both parts are form-encoded before they are joined (RFC 6749, 2.3.1).
 */
export function isClient(clients: OpenIdClient[], authorization = ''): boolean {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]{1,2000})$/i.exec(authorization) ?? [];
  const [, id = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  const client = clients.find((one) => one.id === decoded(id));
  return client !== undefined && sameText(decoded(secret), client.secret);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}

const digest = (text: string) => Buffer.from(hash('sha256', text, 'hex'));
const sameText = (one: string, other: string) => timingSafeEqual(digest(one), digest(other));
