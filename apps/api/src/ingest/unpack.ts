import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { AppError } from '../errors.ts';

const inflate = promisify(gunzip);
/** Bodies of usual size are unpacked synchronously: handing them to a thread and back costs more. */
const SMALL_BYTES = 16_384;
const SMALL_UNPACKED_BYTES = 262_144;
/**
 * The whole body is unpacked into one chunk, one byte longer than announced, which tells that it was all. That needs no
 * window; a body that is longer than announced does, fails here, and is left to unpack(). By default each body would
 * reserve 56 KB for a moment, which left the memory in pieces too small for the next: 20 KB for each connection.
 */
const SMALLEST_CHUNK = 1_024;
const LARGEST_CHUNK = 65_536;
const WINDOW_BITS = 9;

/** @throws AppError unsupported_media_type */
export function checkEncoding(encoding: string | undefined): 'identity' | 'gzip' {
  if (!encoding || encoding === 'identity') return 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw new AppError(
    'unsupported_media_type',
    `Content-Encoding "${encoding.slice(0, 40)}" is not supported: send gzip or identity.`,
  );
}

/** Unpacks a small gzipped body synchronously. @returns undefined when unpack() must do it, or report what is wrong */
export function unpackSmall(body: Buffer, maxBytes: number): Buffer | undefined {
  if (body.length > SMALL_BYTES) return undefined;
  try {
    const chunkSize = Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, announcedSize(body) + 1));
    const maxOutputLength = Math.min(maxBytes, SMALL_UNPACKED_BYTES);
    return gunzipSync(body, { chunkSize, windowBits: WINDOW_BITS, maxOutputLength });
  } catch {
    return undefined;
  }
}

/** Unpacked size, read from the gzip trailer (RFC 1952, ISIZE), so that a zip bomb is refused without unpacking it. */
export const announcedSize = (body: Buffer) =>
  body.length < 18 || body.readUInt16BE(0) !== 0x1f8b ? 0 : body.readUInt32LE(body.length - 4);

/** Unpacks a gzipped body on another thread. @throws AppError payload_too_large, nothing_usable */
export async function unpack(body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new AppError('nothing_usable', 'The body is not valid gzip.');
  }
}

export const tooLarge = (maxBytes: number) =>
  new AppError('payload_too_large', `The unpacked body exceeds ${maxBytes} bytes. Send smaller batches.`);
