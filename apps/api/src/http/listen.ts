import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';

/**
 * Connections waiting to be accepted: after an outage a whole fleet connects at once. Linux caps it at
 * net.core.somaxconn.
 */
const BACKLOG = 65_535;
/** Node accepts one connection per listening socket and turn of the event loop (libuv, uv__server_io). */
const SOCKETS = 16;

/** With reusePort, two programs would each get half of the connections. @throws the errors of listen() */
export async function checkFree(port: number, host: string): Promise<void> {
  const probe = createServer();
  probe.listen({ port, host });
  await once(probe, 'listening');
  await new Promise((closed) => probe.close(closed));
}

/**
 * Listens with several sockets on one port, if the system supports it, so that ten thousand robots can connect within
 * seconds. Workers share the port in the same way; elsewhere, through their supervisor. @returns a function that closes the additional sockets; the server's own closes with it
 * @throws the errors of listen(), EADDRINUSE included
 */
export async function listenWide(server: HttpServer, port: number, host: string): Promise<() => void> {
  // The supervisor has checked that it was free, before the first worker.
  if (cluster.isPrimary) await checkFree(port, host);
  try {
    await listening(server, { port, host, backlog: BACKLOG, reusePort: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error;
    await listening(server, { port, host, backlog: BACKLOG });
    return () => {};
  }
  const further: Server[] = [];
  while (further.length < SOCKETS - 1) {
    const one = createServer({ noDelay: true }, (socket) => server.emit('connection', socket));
    await listening(one, { port, host, backlog: BACKLOG, reusePort: true });
    further.push(one);
  }
  return () => {
    for (const one of further) one.close();
  };
}

async function listening(
  server: Server,
  options: { port: number; host: string; backlog: number; reusePort?: boolean },
) {
  server.listen(options);
  await once(server, 'listening');
}
