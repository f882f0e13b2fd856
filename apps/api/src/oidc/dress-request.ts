import type { IncomingMessage } from 'node:http';

const ABOUT_THE_HOST = ['origin', 'forwarded', 'x-forwarded-host', 'x-forwarded-port'];

/** The target of a request, which may be a whole URL (RFC 9112, 3.2.2), as a path. */
export const targetOf = ({ url }: IncomingMessage) => (url ?? '/').replace(/^[a-z]+:\/\/[^/?#]*/i, '');

/**
 * Makes the library answer with addresses of `publicUrl`, whatever the request says: it makes them from headers and from
 * the target. Mounts it under /oidc.
 */
export function dressRequest(request: IncomingMessage, publicUrl: string): IncomingMessage {
  const { host, protocol } = new URL(publicUrl);
  for (const name of ABOUT_THE_HOST) delete request.headers[name];
  Object.assign(request.headers, { host, 'x-forwarded-proto': protocol.slice(0, -1) });
  const target = targetOf(request);
  return Object.assign(request, { originalUrl: target, url: target.replace(/^\/oidc/, '') || '/' });
}
