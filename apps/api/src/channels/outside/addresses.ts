import ipaddr from 'ipaddr.js';

/** Global IPv6 unicast (RFC 4291): whatever is not in it has a meaning of its own, or none yet. */
const GLOBAL = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Metadata of a cloud that has a public address. */
const METADATA = ['168.63.129.16'];

/**
 * Whether an IP address is anybody's on the internet: not loopback, private, link-local, unique-local, shared (CGNAT),
 * multicast, reserved, nor IPv6 that stands for IPv4 (mapped, compatible, NAT64, 6to4, Teredo).
 */
export function isOutside(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv6 ? parsed.match(GLOBAL) : !METADATA.includes(parsed.toString());
}
