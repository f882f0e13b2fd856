import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

const SWEEP_MS = 50;

/**
 * Options for createServer. Telegraf flushes every ten seconds, so keep-alive must last longer. Requests must arrive
 * within the limit. Node swaps the two timeouts if the one for headers is longer, and by default checks only every 30
 * seconds.
 */
export const connectionLimits = (requestSeconds: number) => ({
  keepAliveTimeout: 75_000,
  headersTimeout: requestSeconds * 1000,
  requestTimeout: requestSeconds * 1000,
  connectionsCheckingInterval: 2_000,
});

/**
 * A server that lets requests of one method and path bypass the framework. While closing, they go through the
 * framework, which tells clients to reconnect elsewhere.
 */
export function serverWithShortcut(
  options: ServerOptions,
  shortcut: { method: string; path: string; handle: RequestListener },
  framework: RequestListener,
): Server {
  const { method, path, handle } = shortcut;
  const isShort = (url: string) => url === path || (url.startsWith(path) && url[path.length] === '?');
  const server = createServer(options, (request, response) =>
    request.method === method && isShort(request.url ?? '') && server.listening
      ? handle(request, response)
      : framework(request, response),
  );
  return server;
}

/**
 * Lets a server close as soon as its requests are done. Node would otherwise wait, up to the keep-alive time, for idle
 * connections and for those that browsers open in advance and never use.
 * @returns a function to call when closing begins; it stops by itself when the server has closed
 */
export function quickClose(server: Server): () => void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => {
    if (!server.listening) return;
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    }, SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
  };
}
