import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, notReporting } from '../errors.ts';
import { networkOf, senderAddress } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import type { FailureLog } from '../http/failure-log.ts';
import { asAppError, problemOf } from '../http/problem.ts';
import { type Precision, SCALE } from '../line-protocol/index.ts';
import type { RefusedTokens } from '../robots/index.ts';
import type { LoopTurns } from '../scheduling/loop-turns.ts';
import { sha256 } from '../secrets/secret-box.ts';
import { gone, hasLeft } from './has-left.ts';
import { influxReplyOf, influxToken, isOfInfluxClient } from './influx-client.ts';
import { BodyBudget, readBody } from './read-body.ts';
import { ReportReader } from './read-report.ts';
import { type ReceiveDeps, receiveMetrics } from './receive-metrics.ts';
import type { RobotBudget } from './robot-budget.ts';

export type ReportDeps = ReceiveDeps & {
  budget: RobotBudget;
  failures: FailureLog;
  refusedTokens: RefusedTokens;
  loopTurns: LoopTurns;
};

interface Reading {
  bodies: BodyBudget;
  reader: ReportReader;
  addressOf(request: IncomingMessage): string;
}

export type ReportHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * `POST /api/metrics`, and InfluxDB's `POST /api/v2/write`, on Node's own request and response: the framework would add a
 * sixth to the cost of a reply (docs/performance.md). Authenticates before reading the body. Replies 204 or what is wrong; never rejects.
 */
export function reportHandler(deps: ReportDeps): ReportHandler {
  const { maxPendingBytes, maxBodyBytes } = deps.config.ingest;
  const reading = {
    bodies: new BodyBudget(maxPendingBytes, maxBodyBytes),
    reader: new ReportReader(deps),
    addressOf: senderAddress(deps.config.trustedProxies),
  };
  return async (request, response) => {
    const started = performance.now();
    try {
      await receive(deps, reading, request, started);
      response.writeHead(204).end();
    } catch (error) {
      if (error instanceof AppError && error.code === 'unauthorized')
        noteRefused(deps.refusedTokens, tokenOf(request), reading.addressOf(request));
      answerProblem(deps.failures, request, response, error);
    }
    deps.telemetry.request(response.statusCode, (performance.now() - started) / 1000);
  };
}

/** InfluxDB's clients name another scheme. */
function tokenOf({ url, headers: { authorization } }: IncomingMessage): string | undefined {
  return isOfInfluxClient(url) ? influxToken(authorization) : bearer(authorization);
}

/** @throws AppError */
async function receive(deps: ReportDeps, reading: Reading, request: IncomingMessage, started: number) {
  const { tokens, budget, config, loopTurns } = deps;
  const unreadMs = loopTurns.unreadMs();
  if (await hasLeft(request)) throw gone();
  const token = tokenOf(request);
  const tokenHash = token ? sha256(token) : '';
  const robot = token ? await tokens.find(tokenHash) : undefined;
  if (!robot) throw notReporting();
  const asked = performance.now();
  let deadline = 0;
  const boot = bootOf(request.headers['x-robowatch-boot']);
  const address = reading.addressOf(request);
  const report = await (async () => {
    budget.check(robot.id);
    const precision = precisionOf(request.url);
    const sender = { robotId: robot.id, network: networkOf(address) };
    const body = await readBody(request, config.ingest.maxBodyBytes, reading.bodies, sender);
    deadline = whenDue(config.ingest.timeoutMs, loopTurns, { started, asked, unreadMs });
    const encoding = request.headers['content-encoding']?.trim().toLowerCase();
    return reading.reader.read({ robot, body, encoding, boot, precision, deadline });
  })().catch(async (error) => {
    // 401 takes precedence over other errors, because it makes the agent keep its data. After a 503 it does so anyway.
    if (!(error instanceof AppError) || error.status !== 503) await tokens.confirm(tokenHash);
    throw error;
  });
  const agentVersion = agentVersionOf(request.headers['user-agent']);
  await receiveMetrics(deps, { robot, tokenHash, deadline, agentVersion, boot, address }, report);
}

/**
 * When the answer to a body that has just been read is due. A body may come slowly; what counts is how long it, its head and
 * its token were waited for here.
 */
function whenDue(
  timeoutMs: number,
  loopTurns: LoopTurns,
  { started, asked, unreadMs }: { started: number; asked: number; unreadMs: number },
): number {
  const now = performance.now();
  const bodyUnreadMs = Math.min(now - asked, loopTurns.unreadMs());
  return now + timeoutMs - unreadMs - (asked - started) - bodyUnreadMs;
}

function noteRefused(refused: RefusedTokens, token: string | undefined, address: string): void {
  if (token) refused.add(sha256(token), address);
}

/** Our agent tells the kernel's boot id, with or without dashes; anything else is as good as nothing. */
const bootOf = (header: string | string[] | undefined) => {
  const id = String(header ?? '')
    .replaceAll('-', '')
    .toLowerCase();
  return /^[0-9a-f]{32}$/.test(id) ? id : null;
};

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

function answerProblem(failures: FailureLog, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = asAppError(error);
  const requestId = randomUUID();
  failures.note(error, known, requestId);
  const { status, headers, document } = isOfInfluxClient(request.url)
    ? influxReplyOf(known, requestId)
    : { status: known.status, ...problemOf(known, requestId) };
  // A refused body is not read to its end, so the connection cannot be reused.
  if (!request.complete) headers.connection = 'close';
  const body = JSON.stringify(document);
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
