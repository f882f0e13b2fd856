import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import type { Telemetry } from '../monitoring/telemetry.ts';
import { forgetToken } from '../pairing/pair-code-store.ts';
import type { SeriesCatalog } from './catalog/series-catalog.ts';
import type { Ingest } from './ingest.ts';
import { type Precision, stampLines } from './line-protocol/stamp-lines.ts';
import type { RejectedLine } from './line-protocol/stamped-lines.ts';
import type { Presence } from './presence.ts';
import type { KnownRobot, RobotCache } from './reporting-robot.ts';

export interface ReceiveDeps {
  db: Database;
  config: Config;
  ingest: Ingest;
  catalog: SeriesCatalog;
  presence: Presence;
  robots: RobotCache;
  telemetry: Telemetry;
}

const MAX_REASONS = 10;

/**
 * Stores a robot's line protocol; returns when all of it is stored.
 * @throws AppError lines_rejected when some lines were bad (the others are stored), nothing_usable when all were,
 *   unauthorized, rate_limited, store_unavailable
 */
export async function receiveMetrics(
  deps: ReceiveDeps,
  { tokenHash, robot, waitedMs, agentVersion }: KnownRobot & { waitedMs: number; agentVersion: string | null },
  body: Buffer,
  precision: Precision,
): Promise<void> {
  const shape = deps.catalog.shapeOf(robot);
  const lines = stampLines(body, precision, { shape, ...acceptedTimes(deps.config) });
  if (lines.count === 0) {
    await deps.robots.confirm(tokenHash);
    if (lines.rejected.length === 0) throw rejection('nothing_usable', 'The request has no lines.', 0, []);
    await noteRejected(deps, robot.id, tokenHash, lines.rejected);
    const detail = 'No line of the request could be read; nothing was stored.';
    throw rejection('nothing_usable', detail, 0, lines.rejected);
  }
  const accepted = await deps.ingest.submit({ tokenHash, robot, waitedMs, shape, lines });
  // Renamed meanwhile: this body carries the former name, the next one the new.
  if (accepted.robot !== robot) deps.robots.renew(tokenHash, accepted.robot);
  if (!accepted.robot.has_written) await noteFirstWrite(deps, accepted.robot.id, tokenHash);

  const stored = lines.count - accepted.refused.size;
  if (stored > 0) deps.presence.note(robot.id, Number.isFinite(lines.newestMs) ? lines.newestMs : null, agentVersion);
  if (lines.rejected.length + accepted.refused.size > 0) {
    const refused = [...accepted.refused].map(([index, why]) => ({ line: lines.numbers[index] ?? 0, ...why }));
    const rejected = [...lines.rejected, ...refused].sort((a, b) => a.line - b.line);
    await noteRejected(deps, robot.id, tokenHash, rejected);
    throw stored > 0
      ? rejection(
          'lines_rejected',
          `${rejected.length} of ${rejected.length + stored} lines were refused; the others are stored.`,
          stored,
          rejected,
        )
      : rejection('nothing_usable', 'Every line of the request was refused; nothing was stored.', 0, rejected);
  }
  if (accepted.robot.status === 'error') await setStatus(deps.db, robot.id, tokenHash, 'error', 'active', null);
}

function acceptedTimes({ metrics }: Config) {
  const receivedAt = BigInt(Date.now()) * 1_000_000n;
  const seconds = (count: number) => BigInt(count) * 1_000_000_000n;
  return {
    receivedAt,
    oldest: receivedAt - seconds(metrics.retention),
    newest: receivedAt + seconds(metrics.maxFuture),
  };
}

function rejection(
  code: 'lines_rejected' | 'nothing_usable',
  detail: string,
  accepted: number,
  rejected: RejectedLine[],
): AppError {
  const lines = rejected.slice(0, MAX_REASONS).map(({ line, reason }) => ({ line, reason: reason.slice(0, 200) }));
  const numbers = rejected.slice(0, 1000).map(({ line }) => line);
  return new AppError(code, detail, {
    members: { accepted, rejected: rejected.length, rejected_lines: numbers, reasons: lines },
  });
}

/** From here on only the token's hash is kept. */
async function noteFirstWrite({ db, robots }: ReceiveDeps, robotId: number, tokenHash: string): Promise<void> {
  robots.drop(tokenHash);
  await db
    .updateTable('robots')
    .set({ first_write_at: new Date() })
    .where('id', '=', robotId)
    .where('first_write_at', 'is', null)
    .execute();
  await forgetToken(db, robotId);
}

async function noteRejected(
  { db, telemetry }: ReceiveDeps,
  robotId: number,
  tokenHash: string,
  rejected: RejectedLine[],
): Promise<void> {
  for (const [kind, of] of Map.groupBy(rejected, (line) => line.kind)) telemetry.refused(kind, of.length);
  const error_reason = `line ${rejected[0]?.line}: ${rejected[0]?.reason}`.slice(0, 500);
  await setStatus(db, robotId, tokenHash, 'active', 'error', error_reason);
}

/** Only from the state it was in: an owner who switched the robot off, or changed its token, meanwhile is not overruled. */
async function setStatus(
  db: Database,
  id: number,
  tokenHash: string,
  from: 'active' | 'error',
  to: 'active' | 'error',
  error_reason: string | null,
): Promise<void> {
  const changed = await db
    .updateTable('robots')
    .set({ status: to, error_reason })
    .where('id', '=', id)
    .where('influxdb_token', '=', tokenHash)
    .where('status', '=', from)
    .returning('owner_id')
    .executeTakeFirst();
  if (changed) await publish(db, { type: 'robot_status_changed', robot_id: id, owner_id: changed.owner_id });
}
