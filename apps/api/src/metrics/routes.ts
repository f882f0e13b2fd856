import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { sha256 } from '../auth/secret-box.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { bearer } from '../http/caller.ts';
import { type App, Empty, IdParams, replies, security } from '../http/schemas.ts';
import { isVisible, type Viewer, visibleIds } from '../robots/robot-store.ts';
import type { SeriesCatalog } from './catalog/series-catalog.ts';
import type { LineBudget } from './line-budget.ts';
import type { Aggregate, Measurement, MetricsStore } from './metrics-store.ts';
import { BodyBudget, readBody } from './read-body.ts';
import { type ReceiveDeps, receiveMetrics } from './receive-metrics.ts';
import type { ReportingRobot } from './reporting-robot.ts';
import * as schemas from './schemas.ts';
import { readEvery, readRange } from './time-range.ts';
import { emptyTrend } from './trends.ts';
import { unpack } from './unpack.ts';

const tags = ['metrics'];
const TREND_WINDOWS = 60;
const TREND_WINDOW_S = 60;

declare module 'fastify' {
  interface FastifyRequest {
    /** `waitedMs` is what looking the token up has taken of the time an answer may take */
    reporting: { robot: ReportingRobot; tokenHash: string; waitedMs: number };
  }
}

type ReportDeps = ReceiveDeps & { budget: LineBudget };

/** For robots with a token: who it is, is known before the body is read. */
export function reportRoutes(app: App, deps: ReportDeps): void {
  const { maxBodyBytes, maxUnpackedBytes, maxLines, maxPendingBytes } = deps.config.ingest;
  const receiving = new BodyBudget(maxPendingBytes);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, maxBodyBytes, receiving),
  );
  app.addHook('onResponse', async (_request, reply) =>
    deps.telemetry.request(reply.statusCode, reply.elapsedTime / 1000),
  );
  app.decorateRequest('reporting');
  app.addHook('onRequest', async (request) => {
    const token = bearer(request);
    const tokenHash = token ? sha256(token) : '';
    const started = performance.now();
    const robot = token ? await deps.robots.find(tokenHash) : undefined;
    if (!robot) throw new AppError('unauthorized', 'This token is not valid, or the robot is switched off.');
    deps.budget.check(robot.id);
    request.reporting = { robot, tokenHash, waitedMs: performance.now() - started };
  });

  const problems = [
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
    'InfluxDB line protocol, identity or gzip. 204 only after the store has accepted every line; 422 tells which lines were refused while all others are stored.';
  app.post(
    '/metrics',
    {
      schema: {
        tags,
        description,
        security,
        consumes: ['text/plain'],
        querystring: schemas.WriteQuery,
        response: replies({ 204: Empty }, ...problems),
      },
    },
    async (request, reply) => {
      const { reporting } = request;
      const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const body = await unpack(sent, request.headers['content-encoding']?.trim().toLowerCase(), maxUnpackedBytes);
      const lines = countLines(body);
      if (lines > maxLines)
        throw new AppError('payload_too_large', `The body has more than ${maxLines} lines. Send smaller batches.`);
      deps.budget.spend(reporting.robot.id, lines);
      await receiveMetrics(deps, reporting, body, request.query.precision ?? 'ns');
      return reply.code(204).send(null);
    },
  );
}

function countLines(body: Buffer): number {
  let lines = body.length > 0 ? 1 : 0;
  for (let i = body.indexOf(10); i !== -1; i = body.indexOf(10, i + 1)) lines++;
  return lines;
}

/** Those asked for, or all, that the function can work on: text and booleans have no mean, only last and count. */
function aggregatable(all: Measurement[], measurement: string, wanted: string[], fn: Aggregate): string[] {
  const fields = all.find((known) => known.measurement === measurement)?.fields ?? [];
  return fields
    .filter(({ field }) => wanted.length === 0 || wanted.includes(field))
    .filter(({ type }) => (type !== 'string' && type !== 'boolean') || fn === 'last' || fn === 'count')
    .map(({ field }) => field);
}

/** For signed-in users, each robot behind the ownership check. */
export function metricsRoutes(
  app: App,
  { db, store, catalog }: { db: Database; store: MetricsStore; catalog: SeriesCatalog },
): void {
  async function mustSee(viewer: Viewer, robotId: number): Promise<void> {
    if (!(await isVisible(db, viewer, robotId))) throw notFound('robot');
  }
  const list = (text: string | undefined) =>
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);

  app.get(
    '/robots/trends',
    {
      schema: {
        tags,
        security,
        description: 'The last hour of many robots, minute by minute. Robots the caller may not see are absent.',
        querystring: schemas.TrendsQuery,
        response: replies({ 200: schemas.Trends }, 'unauthorized', 'store_unavailable'),
      },
    },
    async ({ query, caller }) => {
      const ids = await visibleIds(db, caller, list(query.ids).map(Number));
      const every = TREND_WINDOW_S * 1000;
      const to = (Math.floor(Date.now() / every) + 1) * every;
      const from = to - TREND_WINDOWS * every;
      const trends = await store.trends(ids, from, to, TREND_WINDOW_S);
      const window = { from: new Date(from).toISOString(), every_s: TREND_WINDOW_S };
      return {
        items: ids.map((id) => ({ robot_id: id, ...window, ...(trends.get(id) ?? emptyTrend(TREND_WINDOWS)) })),
      };
    },
  );

  app.get(
    '/robots/:id/metrics',
    {
      schema: {
        tags,
        security,
        description: 'What the robot has sent: measurements, their fields and types.',
        params: IdParams,
        response: replies({ 200: schemas.Measurements }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async ({ params, caller }) => {
      await mustSee(caller, params.id);
      const all = await catalog.measurements(params.id);
      return { items: all.filter(({ measurement }) => measurement !== 'syslog') };
    },
  );

  app.get(
    '/robots/:id/metrics/:measurement',
    {
      schema: {
        tags,
        security,
        params: schemas.SeriesParams,
        querystring: schemas.SeriesQuery,
        response: replies({ 200: schemas.SeriesReply }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async ({ params, query, caller }) => {
      await mustSee(caller, params.id);
      const range = readRange(query);
      const everySeconds = readEvery(query.every, range);
      const { measurement } = params;
      const fn = query.fn ?? 'mean';
      const fields = aggregatable(await catalog.measurements(params.id), measurement, list(query.fields), fn);
      const series =
        fields.length > 0
          ? await store.series({ robotId: params.id, measurement, fields, ...range, everySeconds, fn })
          : [];
      return {
        measurement,
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        every_s: everySeconds,
        series,
      };
    },
  );

  app.get(
    '/robots/:id/logs',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        querystring: schemas.LogQuery,
        response: replies({ 200: schemas.Logs }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async ({ params, query, caller }) => {
      await mustSee(caller, params.id);
      const { level, from, to, limit = 100, ...filter } = query;
      return store.logs({
        robotId: params.id,
        ...readRange({ from: from ?? '-1d', to }),
        level: list(level),
        limit,
        ...filter,
      });
    },
  );
}
