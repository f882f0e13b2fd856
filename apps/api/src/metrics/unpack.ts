import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import { AppError } from '../errors.ts';

const inflate = promisify(gunzip);
/** Bounds what all decompression under way may occupy, whatever arrives. */
const unpacking = pLimit(4);
/** A robot's usual flush is unpacked at once: handing it to a thread and back costs more. */
const SMALL_BYTES = 16_384;
const SMALL_UNPACKED_BYTES = 262_144;

/** @throws AppError unsupported_media_type, payload_too_large, nothing_usable */
export async function unpack(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (!encoding || encoding === 'identity') {
    if (body.length > maxBytes) throw tooLarge(maxBytes);
    return body;
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new AppError(
      'unsupported_media_type',
      `Content-Encoding "${encoding.slice(0, 40)}" is not supported: send gzip or identity.`,
    );
  }
  if (body.length <= SMALL_BYTES) {
    try {
      return gunzipSync(body, { maxOutputLength: Math.min(maxBytes, SMALL_UNPACKED_BYTES) });
    } catch {
      // Too large for this way, or broken: the other tells which.
    }
  }
  return unpacking(() => inflate(body, { maxOutputLength: maxBytes })).catch((error: { code?: string }) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new AppError('nothing_usable', 'The body is not valid gzip.');
  });
}

const tooLarge = (maxBytes: number) =>
  new AppError('payload_too_large', `The unpacked body exceeds ${maxBytes} bytes. Send smaller batches.`);
