import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';

/** Waits up to half a minute until a program accepts connections. */
export async function untilListening(port: number, child: Child, address = '127.0.0.1'): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    if (child.hasExited()) break;
    const socket = connect(port, address);
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) return;
  }
  throw new Error(`The program did not start:\n${child.output()}`);
}
