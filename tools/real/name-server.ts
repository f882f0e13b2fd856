import { createSocket } from 'node:dgram';

/** A name server (RFC 1035) on 127.0.0.1 that knows addresses of IPv4 only. */
export function nameServer(addressesOf: (name: string) => string[]) {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (query, { port, address }) => {
    asked++;
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const isA = query.readUInt16BE(at + 1) === 1;
    const found = isA ? addressesOf(labels.join('.').toLowerCase()) : [];
    const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, found.length, 0, 0, 0, 0]);
    const records = found.map((one) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...one.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...records]), port, address);
  });
  return {
    start: () => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve)),
    stop: () => socket.close(),
    address: () => `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
  };
}
