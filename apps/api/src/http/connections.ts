import type { Server } from 'node:http';
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
