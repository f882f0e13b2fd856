import { Resolver } from 'node:dns/promises';

/** The addresses of a name. Rejects when there are none. */
export type Resolve = (host: string) => Promise<string[]>;

/**
 * Asks DNS itself: the system's way, `dns.lookup`, also reads /etc/hosts, and a name server that hangs would occupy the
 * few threads that the process has for files and hashes.
 * @param servers name servers other than the system's
 */
export function resolver(servers?: string[]): Resolve {
  const dns = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers) dns.setServers(servers);
  return async (host) => {
    const found = await Promise.allSettled([dns.resolve4(host), dns.resolve6(host)]);
    const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (addresses.length > 0) return addresses;
    throw found.find((one) => one.status === 'rejected')?.reason ?? new Error(`No address of ${host}`);
  };
}
