import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';

/** Who a body being received is from. */
export interface Sender {
  robotId: number;
  /** The network that its address belongs to. */
  network: string;
}

/** Of what may be received at once: what one robot, and all robots behind one address, may have of it. */
const ROBOT_SHARE = 1 / 16;
const NETWORK_SHARE = 1 / 2;

/** Bytes of bodies being received: what arrives slowly must not fill the memory, nor keep others from sending. */
export class BodyBudget {
  #free: number;
  #shares: { robot: number; network: number };
  #taken = new Map<number | string, number>();

  /** @param maxBodyBytes a robot may always have one body of this size under way */
  constructor(bytes: number, maxBodyBytes: number) {
    this.#free = bytes;
    this.#shares = { robot: Math.max(maxBodyBytes, bytes * ROBOT_SHARE), network: bytes * NETWORK_SHARE };
  }

  /** @throws AppError rate_limited, overloaded */
  take(bytes: number, { robotId, network }: Sender): void {
    const of = (key: number | string) => this.#taken.get(key) ?? 0;
    if (of(robotId) + bytes > this.#shares.robot)
      throw new AppError('rate_limited', 'This robot sends too many bodies at once. Wait for the answers.', {
        retryAfter: 5,
      });
    if (bytes > this.#free || of(network) + bytes > this.#shares.network)
      throw new AppError('overloaded', 'Too much is being received at once. Keep the data and send it again.', {
        retryAfter: 10,
      });
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
 * The whole body as sent. What is refused is not read on: the connection is to be closed with the reply.
 * @throws AppError payload_too_large, rate_limited, overloaded, request_timeout when it broke off
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
    const onBroken = () => done(() => reject(new AppError('request_timeout', 'The body was not sent completely.')));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

const tooLarge = (maxBytes: number) =>
  new AppError('payload_too_large', `The body exceeds ${maxBytes} bytes. Send smaller batches.`);
