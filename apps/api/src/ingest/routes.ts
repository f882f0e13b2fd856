import { Type } from 'typebox';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import type { ReportHandler } from './report-handler.ts';

const Precision = Type.Union([Type.Literal('ns'), Type.Literal('us'), Type.Literal('ms'), Type.Literal('s')]);
const ReportQuery = Type.Object({ precision: Type.Optional(Precision) });

/** For robots with a token. Most reports bypass this route; it documents the handler and takes the remaining ones. */
export function reportRoutes(app: App, report: ReportHandler): void {
  const problems = [
    'validation_failed',
    'nothing_usable',
    'unauthorized',
    'payload_too_large',
    'unsupported_media_type',
    'lines_rejected',
    'rate_limited',
    'store_unavailable',
    'overloaded',
  ] as const;
  const description =
    'InfluxDB line protocol, identity or gzip. 204 only after the store has accepted every line; 422 lists the refused lines; all others are stored.';
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.post(
    '/metrics',
    {
      // The handler validates the query itself, as it does when this route is bypassed.
      attachValidation: true,
      schema: {
        tags: ['metrics'],
        description,
        security,
        consumes: ['text/plain'],
        querystring: ReportQuery,
        response: replies({ 204: Empty }, ...problems),
      },
    },
    async (request, reply) => {
      reply.hijack();
      await report(request.raw, reply.raw);
    },
  );
}
