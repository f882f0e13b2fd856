import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../errors.ts';

const seen = new WeakSet<Socket>();

/**
 * Whether the sender of a connection's first request has closed it already. With more connections than are accepted in time,
 * one waits for longer than its robot does; storing what such robots sent would leave no time for the others.
 */
export async function hasLeft({ socket }: IncomingMessage): Promise<boolean> {
  if (seen.has(socket)) return false;
  seen.add(socket);
  // The end of a connection is read in the turn after its data.
  await nextTurn();
  await nextTurn();
  return socket.readableEnded || socket.destroyed;
}

/** Nobody hears it. */
export const gone = () => new AppError('request_timeout', 'The connection was closed before the answer.');
