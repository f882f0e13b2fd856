import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { deriveKey } from '../secrets/derive-key.ts';

type CookieConfig = Pick<Config, 'publicUrl' | 'secretKey'>;

/**
 * Browsers share cookies between the ports of a host, so the name identifies the instance. The prefix is not __Host-:
 * that requires Path=/, which would also send the cookie to anything else on the host, such as Grafana.
 */
export function cookieName({ publicUrl, secretKey }: CookieConfig, what: string): string {
  const instance = deriveKey(secretKey, 'name of the cookie').toString('hex').slice(0, 8);
  return `${publicUrl.startsWith('https:') ? '__Secure-' : ''}robowatch_${what}_${instance}`;
}

export function refreshCookie(config: CookieConfig) {
  const secure = config.publicUrl.startsWith('https:');
  const options: CookieSerializeOptions = { path: '/api/auth', httpOnly: true, sameSite: 'strict', secure };
  return { name: cookieName(config, 'refresh'), options };
}

/** Keeps pages of other origins from using the routes that rely on the cookie. @throws AppError forbidden */
export function checkOrigin(request: FastifyRequest, publicUrl: string): void {
  const { origin } = request.headers;
  if (origin === undefined) return; // not a browser, or one that would not send the cookie
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (host !== undefined && (host === request.host || origin === new URL(publicUrl).origin)) return;
  throw new AppError('forbidden', 'This request is accepted only from pages of this server.');
}
