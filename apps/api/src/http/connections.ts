import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

const SWEEP_MS = 50;

/**
 * Options for createServer. Idle connections stay for longer than a proxy keeps them (Caddy: two minutes), so that none is closed
 * just as a request comes in. Requests must arrive within the limit. Node swaps the two timeouts if the one for headers is longer, and by default checks only every 30
 * seconds.
 */
export const connectionLimits = (requestSeconds: number) => ({
  keepAliveTimeout: 180_000,
  headersTimeout: requestSeconds * 1000,
  requestTimeout: requestSeconds * 1000,
  connectionsCheckingInterval: 2_000,
});

/**
 * A server that lets requests of one method and some paths bypass the framework. While closing, they go through the
 * framework, which tells clients to reconnect.
 */
export function serverWithShortcut(
  options: ServerOptions,
  shortcut: { method: string; paths: string[]; handle: RequestListener },
  framework: RequestListener,
): Server {
  const { method, paths, handle } = shortcut;
  const isShort = (url: string) =>
    paths.some((path) => url === path || (url.startsWith(path) && url[path.length] === '?'));
  const server = createServer(options, (request, response) =>
    request.method === method && isShort(request.url ?? '') && server.listening
      ? handle(request, response)
      : framework(request, response),
  );
  return server;
}

/** Requests that are still being received or answered after this time are cut off. */
const DRAIN_MS = 8_000;

/**
 * Lets a server close as soon as its requests are answered. Node would otherwise wait, up to the keep-alive time, for idle
 * connections and for those that browsers open in advance and never use.
 * @returns a function that stops listening; it resolves when the last connection has ended
 */
export function quickClose(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return async () => {
    if (!server.listening) return;
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    }, SWEEP_MS);
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await new Promise<void>((closed) => server.close(() => closed()));
    clearInterval(sweep);
    clearTimeout(cut);
  };
}
