import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { deriveKey } from '../secrets/derive-key.ts';

/**
 * Browsers keep the cookies of all ports of a host together, so the name tells the instance. Not __Host-, which would send
 * it to whatever else runs on the host, Grafana for one: it goes to these few addresses only.
 */
export function refreshCookie({ publicUrl, secretKey }: Pick<Config, 'publicUrl' | 'secretKey'>) {
  const secure = publicUrl.startsWith('https:');
  const instance = deriveKey(secretKey, 'name of the cookie').toString('hex').slice(0, 8);
  const options: CookieSerializeOptions = { path: '/api/auth', httpOnly: true, sameSite: 'strict', secure };
  return { name: `${secure ? '__Secure-' : ''}robowatch_refresh_${instance}`, options };
}

/** For what works by the cookie: pages of other origins may not use it. @throws AppError forbidden */
export function checkOrigin(request: FastifyRequest, publicUrl: string): void {
  const { origin } = request.headers;
  if (origin === undefined) return; // no browser, or none that would send the cookie
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (host !== undefined && (host === request.host || origin === new URL(publicUrl).origin)) return;
  throw new AppError('forbidden', 'This call is for pages of this server only.');
}
