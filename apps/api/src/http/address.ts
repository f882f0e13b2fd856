import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** The client's address. If a trusted proxy forwards an invalid one, the address of the connection. */
export function addressOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return isIP(ip) ? ip : (socket.remoteAddress ?? '');
}

/** The unit that limits count by: one IPv4 address, or an IPv6 /64, because a client usually has a whole one. */
export const networkOf = (address: string) => prefixOf(address, 32, 64);

/** The largest range a provider gives one customer, for limits that many addresses could otherwise get round. */
export const siteOf = (address: string) => prefixOf(address, 24, 48);

function prefixOf(address: string, bits4: number, bits6: number): string {
  if (!isIP(address)) return address;
  // An IPv6 zone (%eth0) names an interface of our machine, not of the client's.
  const parsed = ipaddr.process(address.split('%')[0] as string);
  if (!(parsed instanceof ipaddr.IPv6))
    return bits4 === 32 ? parsed.toString() : `${ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/${bits4}`)}/${bits4}`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits6}`)}/${bits6}`;
}

/** As addressOf(), for requests outside the framework. @param trusted addresses and CIDR ranges of proxies */
export function senderAddress(trusted: string[]): (request: IncomingMessage) => string {
  const isTrusted = trusted.length > 0 ? proxyAddress.compile(trusted) : () => false;
  return (request) => addressOf({ ip: proxyAddress(request, isTrusted), socket: request.socket });
}
