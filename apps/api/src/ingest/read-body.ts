import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';

/** Sender of a body being received. */
export interface Sender {
  robotId: number;
  /** The network of its address, as networkOf() returns it. */
  network: string;
}

/** Largest share of the budget for one robot, and for all robots behind one address. */
const ROBOT_SHARE = 1 / 16;
const NETWORK_SHARE = 1 / 2;

/** Limits the bytes of bodies being received, so that slow senders neither fill the memory nor block others. */
export class BodyBudget {
  #free: number;
  #shares: { robot: number; network: number };
  #taken = new Map<number | string, number>();

  /** @param maxBodyBytes a robot may always send one body of this size */
  constructor(bytes: number, maxBodyBytes: number) {
    this.#free = bytes;
    this.#shares = { robot: Math.max(maxBodyBytes, bytes * ROBOT_SHARE), network: bytes * NETWORK_SHARE };
  }

  /** @throws AppError rate_limited, overloaded */
  take(bytes: number, { robotId, network }: Sender): void {
    const of = (key: number | string) => this.#taken.get(key) ?? 0;
    if (of(robotId) + bytes > this.#shares.robot)
      throw new AppError('rate_limited', 'This robot sends too many bodies at once. Wait for the replies.', {
        retryAfter: 5,
      });
    if (bytes > this.#free || of(network) + bytes > this.#shares.network)
      throw new AppError(
        'overloaded',
        'The server is receiving too much data at once. Keep the data and send it again later.',
        {
          retryAfter: 10,
        },
      );
    this.#count(bytes, robotId, network);
  }

  give(bytes: number, { robotId, network }: Sender): void {
    this.#count(-bytes, robotId, network);
  }

  #count(bytes: number, ...keys: (number | string)[]): void {
    this.#free -= bytes;
    for (const key of keys) {
      const taken = (this.#taken.get(key) ?? 0) + bytes;
      if (taken > 0) this.#taken.set(key, taken);
      else this.#taken.delete(key);
    }
  }
}

/**
 * Reads the whole body as sent. Reading stops on refusal, so the caller must close the connection with the reply.
 * @throws AppError payload_too_large, rate_limited, overloaded, request_timeout when the connection breaks
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
  sender: Sender,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (answer: () => void) => {
      budget.give(size, sender);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      answer();
    };
    const onData = (chunk: Buffer) => {
      try {
        if (size + chunk.length > maxBytes) throw tooLarge(maxBytes);
        budget.take(chunk.length, sender);
      } catch (error) {
        request.pause();
        return done(() => reject(error));
      }
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = () => done(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    const onBroken = () =>
      done(() => reject(new AppError('request_timeout', 'The connection closed before the whole body had arrived.')));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

const tooLarge = (maxBytes: number) =>
  new AppError('payload_too_large', `The body exceeds ${maxBytes} bytes. Send smaller batches.`);
