import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';

/** Connections that wait to be accepted: after an outage a whole fleet connects at once. Linux keeps it to net.core.somaxconn. */
const BACKLOG = 65_535;
/** Node accepts one connection of each listening socket in a turn of its event loop (libuv, uv__server_io). */
const SOCKETS = 16;

/**
 * Listens with several sockets on one port, where the system can: ten thousand robots are let in within seconds.
 * @returns how to let nobody in any more through the further sockets: the server's own closes with it
 * @throws what listening throws, EADDRINUSE too
 */
export async function listenWide(server: HttpServer, port: number, host: string): Promise<() => void> {
  // Alone at first: two programs that share a port would each get half of what comes.
  const probe = createServer();
  probe.listen({ port, host });
  await once(probe, 'listening');
  await new Promise((closed) => probe.close(closed));
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
