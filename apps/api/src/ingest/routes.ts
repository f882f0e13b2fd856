import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import type { ReportHandler } from './report-handler.ts';

const Precision = Type.Union([Type.Literal('ns'), Type.Literal('us'), Type.Literal('ms'), Type.Literal('s')]);
const InfluxError = Type.Object({ code: Type.String(), message: Type.String(), request_id: Type.String() });
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
    'InfluxDB line protocol, identity or gzip. 204 only after the store has accepted every line; 422 lists the refused lines; all others are stored. An agent may tell the boot id of its kernel in X-Robowatch-Boot. Times that no clock can have been right to tell are corrected on arrival, and marked.';
  const ofClients =
    'The same for InfluxDB 2’s own clients: `Authorization: Token …`, any org and bucket, and errors as InfluxDB words them. 400 and 422 are not to be sent again, 413 in parts, 401, 429 and 503 later.';
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const take = async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    await report(raw, reply.raw);
  };
  // The handler validates the query itself, as it does when these routes are bypassed.
  const schema = { tags: ['metrics'], security, consumes: ['text/plain'], querystring: ReportQuery };
  app.post(
    '/metrics',
    { attachValidation: true, schema: { ...schema, description, response: replies({ 204: Empty }, ...problems) } },
    take,
  );
  app.post(
    '/v2/write',
    {
      attachValidation: true,
      schema: { ...schema, description: ofClients, response: { 204: Empty, '4xx': InfluxError, '5xx': InfluxError } },
    },
    take,
  );
}
