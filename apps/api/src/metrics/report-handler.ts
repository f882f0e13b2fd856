import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { AuditSampler } from '../audit/audit-sampler.ts';
import { sha256 } from '../auth/secret-box.ts';
import { AppError } from '../errors.ts';
import { bearer } from '../http/bearer.ts';
import { asAppError, isOurFault, problemOf } from '../http/problem.ts';
import type { LineBudget } from './line-budget.ts';
import { type Precision, SCALE } from './line-protocol/scan-line.ts';
import { BodyBudget, readBody } from './read-body.ts';
import { type ReceiveDeps, receiveMetrics } from './receive-metrics.ts';
import { notReporting } from './reporting-robot.ts';
import { unpack } from './unpack.ts';

export type ReportDeps = ReceiveDeps & { budget: LineBudget; log: Logger; auditSampler: AuditSampler };
export type ReportHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * `POST /api/metrics` on Node's own request and response: the framework would cost a sixth of what an answer does
 * (docs/performance.md). Who it is, is known before the body is read. Answers 204, or a problem document; never rejects.
 */
export function reportHandler(deps: ReportDeps): ReportHandler {
  const receiving = new BodyBudget(deps.config.ingest.maxPendingBytes);
  return async (request, response) => {
    const started = performance.now();
    try {
      await receive(deps, receiving, request, started);
      response.writeHead(204).end();
    } catch (error) {
      answerProblem(deps.log, request, response, error);
    }
    deps.telemetry.request(response.statusCode, (performance.now() - started) / 1000);
  };
}

/** @throws AppError */
async function receive(deps: ReportDeps, receiving: BodyBudget, request: IncomingMessage, started: number) {
  const token = bearer(request.headers.authorization);
  const tokenHash = token ? sha256(token) : '';
  const robot = token ? await deps.robots.find(tokenHash) : undefined;
  if (!robot) {
    if (token) await noteDeadToken(deps, request);
    throw notReporting();
  }
  const waitedMs = performance.now() - started;
  const { body, precision } = await readReport(deps, receiving, request, robot.id).catch(async (error) => {
    await deps.robots.confirm(tokenHash);
    throw error;
  });
  const agentVersion = agentVersionOf(request.headers['user-agent']);
  await receiveMetrics(deps, { robot, tokenHash, waitedMs, agentVersion }, body, precision);
}

/** @throws AppError payload_too_large, rate_limited, validation_failed */
async function readReport(
  { config, budget }: ReportDeps,
  receiving: BodyBudget,
  request: IncomingMessage,
  robotId: number,
) {
  const { maxBodyBytes, maxUnpackedBytes, maxLines } = config.ingest;
  budget.check(robotId);
  const precision = precisionOf(request.url);
  const sent = await readBody(request, maxBodyBytes, receiving);
  const body = await unpack(sent, request.headers['content-encoding']?.trim().toLowerCase(), maxUnpackedBytes);
  const lines = countLines(body);
  if (lines > maxLines)
    throw new AppError('payload_too_large', `The body has more than ${maxLines} lines. Send smaller batches.`);
  budget.spend(robotId, lines);
  return { body, precision };
}

/** Behind a proxy the connection does not tell where the robot is. */
async function noteDeadToken({ db, config, auditSampler, log }: ReportDeps, request: IncomingMessage): Promise<void> {
  const address = config.trustedProxies.length > 0 ? null : (request.socket.remoteAddress ?? null);
  const actor = { kind: 'robot' as const, id: null, name: null, address, requestId: null };
  await auditSampler
    .audit(db, actor, { action: 'robot.token_refused' })
    .catch((err) => log.error({ err }, 'not audited'));
}

/** Telegraf names itself: `Telegraf/1.37.2 Go/1.25.5`. */
const agentVersionOf = (userAgent = '') => /^Telegraf\/([\w.+-]{1,64})(?: |$)/.exec(userAgent)?.[1] ?? null;

/** @throws AppError validation_failed */
function precisionOf(url = ''): Precision {
  const query = url.indexOf('?');
  const precision = query === -1 ? null : new URLSearchParams(url.slice(query)).get('precision');
  if (precision === null) return 'ns';
  if (!Object.hasOwn(SCALE, precision))
    throw new AppError('validation_failed', `precision must be one of ${Object.keys(SCALE).join(', ')}.`);
  return precision as Precision;
}

function countLines(body: Buffer): number {
  let lines = body.length > 0 ? 1 : 0;
  for (let i = body.indexOf(10); i !== -1; i = body.indexOf(10, i + 1)) lines++;
  return lines;
}

function answerProblem(log: Logger, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = asAppError(error);
  const requestId = randomUUID();
  if (isOurFault(known)) log.error({ err: error, reqId: requestId }, 'request failed');
  const { headers, document } = problemOf(known, requestId);
  // What was refused before it was read to its end will not be read: the connection cannot be used again.
  if (!request.complete) headers.connection = 'close';
  const body = JSON.stringify(document);
  response.writeHead(known.status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
