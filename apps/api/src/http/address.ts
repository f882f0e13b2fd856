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
export const networkOf = (address: string) => prefixOf(address, 32, 64);

/** What one customer of a provider is given at most, for limits that many addresses together would otherwise get round. */
export const siteOf = (address: string) => prefixOf(address, 24, 48);

function prefixOf(address: string, bits4: number, bits6: number): string {
  if (!isIP(address)) return address;
  // An IPv6 zone (%eth0) is of our own machine, not of the client.
  const parsed = ipaddr.process(address.split('%')[0] as string);
  if (!(parsed instanceof ipaddr.IPv6))
    return bits4 === 32 ? parsed.toString() : `${ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/${bits4}`)}/${bits4}`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits6}`)}/${bits6}`;
}

/** The address of a request's sender outside the framework, by the same rule. @param trusted addresses and ranges of proxies */
export function senderAddress(trusted: string[]): (request: IncomingMessage) => string {
  const isTrusted = trusted.length > 0 ? proxyAddress.compile(trusted) : () => false;
  return (request) => addressOf({ ip: proxyAddress(request, isTrusted), socket: request.socket });
}
