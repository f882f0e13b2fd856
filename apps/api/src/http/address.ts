import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** Where a client is. What a trusted proxy passes on may be anything: then it is where the connection comes from. */
export function addressOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return isIP(ip) ? ip : (socket.remoteAddress ?? '');
}

/** What limits count by: whoever has one address of IPv6 has its whole /64. */
export function networkOf(address: string): string {
  if (!isIP(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/** The address of a request's sender outside the framework, by the same rule. @param trusted addresses and ranges of proxies */
export function senderAddress(trusted: string[]): (request: IncomingMessage) => string {
  const isTrusted = trusted.length > 0 ? proxyAddress.compile(trusted) : () => false;
  return (request) => addressOf({ ip: proxyAddress(request, isTrusted), socket: request.socket });
}
