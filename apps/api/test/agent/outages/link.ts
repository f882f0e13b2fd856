import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../../../../tools/real/free-port.ts';

export type Outage = 'refused' | 'silent';

/** The robot's way to a server on `target` of 127.0.0.1, which can be cut: refused, or silent as behind a dead router. */
export async function createLink(target: number) {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let outage: Outage | undefined;
  let server: Server | undefined;
  let carried = 0;

  const carry = (from: Socket) => {
    sockets.add(from);
    from.on('error', () => from.destroy()).on('close', () => sockets.delete(from));
    if (outage === 'silent') {
      from.resume();
      return;
    }
    const to = connect(target, '127.0.0.1');
    sockets.add(to);
    from.on('data', (bytes) => {
      carried += bytes.length;
    });
    to.on('error', () => from.destroy()).on('close', () => {
      sockets.delete(to);
      from.destroy();
    });
    from.on('close', () => to.destroy());
    from.pipe(to).pipe(from);
  };
  const open = async () => {
    server = createServer(carry);
    await once(server.listen(port, '127.0.0.1'), 'listening');
  };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  await open();
  return {
    url: `http://127.0.0.1:${port}`,
    /** Bytes sent by the robot so far. */
    carried: () => carried,
    cut(kind: Outage) {
      outage = kind;
      if (kind === 'refused') server?.close();
      drop();
    },
    async mend() {
      if (outage === 'refused') await open();
      outage = undefined;
      drop();
    },
    close() {
      server?.close();
      drop();
    },
  };
}
