import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { listenWide } from './listen.ts';

it('accepts thousands of connections at once, and no second server on the port', async () => {
  const server = createServer((_request, reply) => reply.end('here'));
  const port = await freePort();
  const stop = await listenWide(server, port, '127.0.0.1');
  expect((server.address() as AddressInfo).port).toBe(port);

  const other = createServer();
  await expect(listenWide(other, port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });

  const sockets: Socket[] = [];
  const answers = Array.from({ length: 3_000 }, () => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.setEncoding('latin1').write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    return new Promise<string>((resolve) => socket.once('data', resolve));
  });
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 200 /);

  stop();
  server.close();
  for (const socket of sockets) socket.destroy();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});
