import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Actor, AuditSampler } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { addressOf } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import type { FailureLog } from '../http/failure-log.ts';
import { asAppError } from '../http/problem.ts';
import { type App, Body } from '../http/schemas.ts';
import type { Reads } from '../stores/index.ts';
import type { GatewayCaller, IdentifyCaller } from './caller.ts';
import type { FluxGateway } from './gateway.ts';
import { parseStrictly } from './request-body.ts';

export interface GatewayRoutes {
  db: Database;
  auditSampler: AuditSampler;
  failures: FailureLog;
  queries: FluxGateway;
  /** Limits each user's queries. */
  turns: Reads;
  identify: IdentifyCaller;
  secret: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    gatewayCaller: GatewayCaller | undefined;
  }
}

const MAX_QUERY = 65_536;
const MAX_BODY_BYTES = 4 * MAX_QUERY;
const MAX_NAME = 100;

const Annotation = Type.Unsafe<string>({ type: 'string', enum: ['datatype', 'group', 'default'] });
const Query = Body({
  query: Type.String({ minLength: 1, maxLength: MAX_QUERY, description: 'Flux' }),
  type: Type.Optional(Type.Literal('flux')),
  dialect: Type.Optional(
    Body({
      annotations: Type.Optional(Type.Array(Annotation, { maxItems: 3, uniqueItems: true })),
      delimiter: Type.Optional(Type.String({ pattern: '^[,;\\t|]$' })),
      header: Type.Optional(Type.Boolean()),
      commentPrefix: Type.Optional(Type.Literal('#')),
      dateTimeFormat: Type.Optional(Type.Union([Type.Literal('RFC3339'), Type.Literal('RFC3339Nano')])),
    }),
  ),
});

/** InfluxDB's words for ours. https://docs.influxdata.com/influxdb/v2/api/v2/#tag/Response-codes */
const CODES: Partial<Record<ErrorCode, string>> = {
  validation_failed: 'invalid',
  not_found: 'not found',
  payload_too_large: 'request too large',
  unsupported_media_type: 'unsupported media type',
  rate_limited: 'too many requests',
  internal_error: 'internal error',
  session_ended: 'unauthorized',
  store_unavailable: 'unavailable',
  database_unavailable: 'unavailable',
};

/** What Grafana's data source for Flux asks of InfluxDB, for its signed-in users. In a scope of its own. */
export function gatewayRoutes(app: App, deps: GatewayRoutes): void {
  const { db, auditSampler, failures, queries, turns } = deps;
  const isGrafana = comparer(deps.secret);
  app.decorateRequest('gatewayCaller');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => {
      try {
        done(null, parseStrictly(String(body)));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!isGrafana(request.headers['x-robowatch-gateway']))
      throw new AppError(
        'unauthorized',
        'This address is for Grafana only: the secret in X-Robowatch-Gateway is wrong.',
      );
    const token = bearer(request.headers.authorization);
    request.gatewayCaller = token ? await deps.identify(token) : undefined;
    if (!request.gatewayCaller) throw new AppError('unauthorized', 'Sign in to Grafana again.');
    if (request.headers['content-encoding'] !== undefined)
      throw new AppError('unsupported_media_type', 'The body must not be compressed.');
  });
  app.setErrorHandler(async (error, request, reply) => {
    const known = asAppError(error);
    failures.note(error, known, request.id);
    await auditRefusedQuery(request, known).catch((err) => request.log.error({ err }, 'could not audit a refusal'));
    const { retryAfter } = known.extras;
    if (retryAfter) reply.header('retry-after', String(retryAfter));
    if (!request.raw.complete) reply.header('connection', 'close');
    const code = CODES[known.code] ?? known.code;
    return reply
      .code(known.status)
      .type('application/json')
      .serializer(JSON.stringify)
      .send({ code, message: known.message });
  });

  app.post(
    '/api/v2/query',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        hide: true,
        body: Query,
      },
    },
    async (request, reply) => {
      const viewer = request.gatewayCaller as GatewayCaller;
      const { query, dialect = {} } = request.body;
      const { annotations = [], delimiter = ',', header = true } = dialect;
      await turns.run({ caller: viewer }, reply, async (signal) => {
        const answer = await queries.run(viewer, { query, dialect: { annotations, delimiter, header } }, signal);
        reply.code(answer.status).type(answer.contentType);
        // The turn lasts until the last byte; from the first one on, errors are in the answer itself.
        const sent = new Promise<void>((resolve) => answer.body.once('close', resolve));
        reply.send(answer.body);
        await sent;
      });
      return reply;
    },
  );

  async function auditRefusedQuery(request: FastifyRequest, { code, message, extras }: AppError): Promise<void> {
    if (code !== 'forbidden' && code !== 'unauthorized') return;
    const { gatewayCaller: caller } = request;
    const actor: Actor = {
      kind: 'user',
      id: caller?.id ?? null,
      name: caller?.name ?? null,
      address: addressOf(request),
      requestId: request.id,
    };
    // Anybody who knows the secret can send this header: a note, nothing more.
    const said = request.headers['x-grafana-user'];
    const note = typeof said === 'string' ? { grafana_user: said.slice(0, MAX_NAME) } : {};
    const action = extras.isForged ? 'auth.token_refused' : 'grafana.query_refused';
    await auditSampler.audit(db, actor, { action, details: { reason: message, ...note } });
  }
}

/** Compares in constant time, whatever the lengths. */
function comparer(secret: string): (given: string | string[] | undefined) => boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const expected = hash(secret);
  return (given) => typeof given === 'string' && timingSafeEqual(hash(given), expected);
}
