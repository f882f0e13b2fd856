import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';

/** Bytes of bodies being received, all robots together: what arrives slowly must not fill the memory. */
export class BodyBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#free += bytes;
  }
}

/**
 * The whole body as sent. What is refused is not read on: the connection is to be closed with the reply.
 * @throws AppError payload_too_large, overloaded, request_timeout when it broke off
 */
export function readBody(request: IncomingMessage, maxBytes: number, budget: BodyBudget): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (answer: () => void) => {
      budget.give(size);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      answer();
    };
    const refuse = (error: AppError) => {
      request.pause();
      done(() => reject(error));
    };
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > maxBytes) return refuse(tooLarge(maxBytes));
      if (!budget.take(chunk.length)) return refuse(tooMuchAtOnce());
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
const tooMuchAtOnce = () =>
  new AppError('overloaded', 'Too much is being received at once. Keep the data and send it again.', {
    retryAfter: 10,
  });
