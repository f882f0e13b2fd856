import type { FastifyCompressOptions } from '@fastify/compress';

/** JSON worth the work is sent compressed. Event streams are not: what waits for a full block comes late. */
export const compression: FastifyCompressOptions = {
  encodings: ['br', 'gzip'],
  threshold: 1024,
  // Longer replies are compressed beside the event loop, whatever the host.
  syncThreshold: 16 * 1024,
  customTypes: /^application\/(problem\+)?json(;|$)/,
  // A body that is sent to us compressed is refused, as it always was: unpacked, it could be any size.
  globalDecompression: false,
};
