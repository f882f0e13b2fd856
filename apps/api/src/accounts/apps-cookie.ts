import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { cookieName } from './refresh-cookie.ts';

/**
 * Tells the OpenID provider which session a browser has. Browsers never send it to the API, and other sites' pages get it
 * sent only by navigating here. It is the session's id, authenticated, and worthless once the session has ended.
 */
export function appsCookie(config: Pick<Config, 'publicUrl' | 'secretKey'>) {
  const key = deriveKey(config.secretKey, 'cookie for apps');
  const mac = (sessionId: string) => createHmac('sha256', key).update(sessionId).digest();
  return {
    name: cookieName(config, 'apps'),
    options: {
      path: '/oidc',
      httpOnly: true,
      sameSite: 'lax' as const,
      secure: config.publicUrl.startsWith('https:'),
    },
    valueFor: (sessionId: string) => `${sessionId}.${mac(sessionId).toString('base64url')}`,
    /** @returns the session's id, undefined for anything that this server has not issued */
    read(value = ''): string | undefined {
      const [, id = '', given = ''] = /^([0-9a-f-]{36})\.([\w-]{43})$/.exec(value) ?? [];
      const [expected, presented] = [mac(id), Buffer.from(given, 'base64url')];
      return presented.length === expected.length && timingSafeEqual(presented, expected) ? id : undefined;
    },
  };
}
