import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { isOutside } from './addresses.ts';
import { bareHost, isAllowed, leadsInside } from './outside-url.ts';
import { type Resolve, resolver } from './resolve.ts';

export interface OutsideOptions {
  allowedHosts: readonly string[];
  resolve?: Resolve;
}

const CONNECT_MS = 5_000;
const REPLY_MS = 10_000;
/** As much of a reply as is read. */
export const MAX_REPLY = 64 * 1024;

const limits = {
  headersTimeout: REPLY_MS,
  bodyTimeout: REPLY_MS,
  maxResponseSize: MAX_REPLY,
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 30_000,
  pipelining: 1,
};

/** For what the operator has named: no address is refused. */
export const ownAgent = () => new Agent({ ...limits, connect: { timeout: CONNECT_MS } });

/**
 * Connects to addresses on the internet only, and to hosts that are allowed by name. What is checked is the address
 * that is connected to, so neither a name that leads inside nor one that changes meanwhile gets through.
 */
export function outsideAgent({ allowedHosts, resolve = resolver() }: OutsideOptions): Agent {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: checkingLookup(allowedHosts, resolve) });
  return new Agent({
    ...limits,
    connect(options, callback) {
      const host = bareHost(options.hostname);
      const isFree = isAllowed(host, allowedHosts);
      // A literal address is connected to without any look-up.
      if (isIP(host) && !isFree && !isOutside(host)) return void callback(leadsInside(host), null);
      connect(options, (error, socket) => {
        if (error) return callback(error, null);
        if (isFree || isOutside(socket.remoteAddress ?? '')) return callback(null, socket);
        socket.destroy();
        callback(leadsInside(host), null);
      });
    },
  });
}

function checkingLookup(allowedHosts: readonly string[], resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    if (isAllowed(host, allowedHosts)) return systemLookup(host, options, callback as never);
    outsideAddresses(host, resolve).then(
      (addresses) => {
        const all = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = all;
        if (options.all) callback(null, all);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error) => callback(error, options.all ? [] : '', 0),
    );
  };
}

/** @throws NotOutside when any address of the name is inside */
export async function outsideAddresses(host: string, resolve: Resolve): Promise<string[]> {
  const addresses = await resolve(bareHost(host));
  if (!addresses.every(isOutside)) throw leadsInside(bareHost(host));
  return addresses;
}
