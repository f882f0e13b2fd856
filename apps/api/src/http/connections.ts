import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

const SWEEP_MS = 50;

/**
 * For createServer. Telegraf flushes every ten seconds: its connection must outlive the pause. A request may not trickle
 * in for ever; Node exchanges the two limits when the one for headers is the longer, and looks every half minute.
 */
export const connectionLimits = (requestSeconds: number) => ({
  keepAliveTimeout: 75_000,
  headersTimeout: requestSeconds * 1000,
  requestTimeout: requestSeconds * 1000,
  connectionsCheckingInterval: 2_000,
});

/**
 * A server whose requests of one method and path skip the framework. While it is closing they take its way: it tells the
 * clients to go elsewhere.
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
 * Makes a server close within the time its requests take: what Node would wait for, up to the keep-alive time, are
 * connections whose last reply has just been sent, and those that browsers open in advance and never use.
 * @returns how to begin; it ends by itself when the server is closed
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
