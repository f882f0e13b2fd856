import type { FastifyCompressOptions } from '@fastify/compress';

/** Compresses JSON replies above a threshold. Not event streams: buffering would delay events. */
export const compression: FastifyCompressOptions = {
  encodings: ['br', 'gzip'],
  threshold: 1024,
  // Longer replies are compressed off the event loop.
  syncThreshold: 16 * 1024,
  customTypes: /^application\/(problem\+)?json(;|$)/,
  // Compressed request bodies are refused, because they could unpack to any size.
  globalDecompression: false,
};
