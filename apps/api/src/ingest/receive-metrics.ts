import type { SeriesCatalog } from '../catalog/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, databaseAway } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import type { RejectedLine } from '../line-protocol/index.ts';
import type { Telemetry } from '../monitoring/telemetry.ts';
import {
  changeReportStatus,
  type Inventories,
  type KnownRobot,
  type Presence,
  type ReportStatusChange,
  type TokenCache,
} from '../robots/index.ts';
import type { DueHours } from '../rollups/index.ts';
import { inTime } from '../scheduling/in-time.ts';
import { bootedAtOf } from './booted-at.ts';
import type { FirstWrites } from './first-writes.ts';
import type { Accepted, Ingest } from './ingest.ts';
import { inventoryOf } from './inventory-of.ts';
import { type ReadReport, timeLeft } from './read-report.ts';

export interface ReceiveDeps {
  db: Database;
  config: Config;
  ingest: Ingest;
  catalog: SeriesCatalog;
  presence: Presence;
  inventories: Inventories;
  tokens: TokenCache;
  firstWrites: FirstWrites;
  dueHours: DueHours;
  telemetry: Telemetry;
}

const MAX_REASONS = 10;

/** The sender of a report. */
export interface Reporter extends KnownRobot {
  /** When the answer is due, on performance.now()'s clock. */
  deadline: number;
  agentVersion: string | null;
  /** The boot id, where the agent tells. */
  boot: string | null;
  address: string;
}

/**
 * Stores a robot's lines; returns when all of them are stored.
 * @throws AppError lines_rejected when some lines were bad (the others are stored), nothing_usable when all were,
 *   unauthorized, rate_limited, store_unavailable
 */
export async function receiveMetrics(deps: ReceiveDeps, reporter: Reporter, report: ReadReport): Promise<void> {
  const { tokenHash, robot, agentVersion, boot, address } = reporter;
  const { lines } = report;
  const accepted = await store(deps, reporter, report);
  // The robot was renamed in the meantime: this body still carries the old name, the next one the new.
  if (accepted.robot !== robot) deps.tokens.renew(tokenHash, accepted.robot);
  const stored = lines.count - accepted.refused.size;
  if (stored > 0) {
    if (!accepted.robot.has_written) await noteFirstWrite(deps, accepted.robot.id, reporter);
    const newestMs = Number.isFinite(lines.newestMs) ? lines.newestMs : null;
    const bootedAt = bootedAtOf(lines, Date.now());
    const device = boot === null && bootedAt === null ? undefined : { boot, bootedAt, address };
    deps.presence.note(accepted.robot, newestMs, agentVersion, device);
    const inventory = inventoryOf(lines, accepted.refused, Date.now());
    if (inventory) deps.inventories.note({ ...inventory, tokenHash });
  }
  if (lines.rejected.length + accepted.refused.size > 0) {
    const refused = [...accepted.refused].map(([index, why]) => ({ line: lines.numbers[index] ?? 0, ...why }));
    const rejected = [...lines.rejected, ...refused].sort((a, b) => a.line - b.line);
    await noteRejected(deps, robot.id, tokenHash, rejected);
    throw stored > 0
      ? rejection(
          'lines_rejected',
          `${rejected.length} of ${rejected.length + stored} lines were refused; the others have been stored.`,
          stored,
          rejected,
        )
      : rejection('nothing_usable', 'Every line of the request was refused; nothing was stored.', 0, rejected);
  }
  if (lines.count === 0) throw rejection('nothing_usable', 'The request contains no lines.', 0, []);
  if (accepted.robot.status === 'error')
    await changeStatus(deps.db, { id: robot.id, tokenHash, from: 'error', to: 'active', reason: null });
}

/** @throws AppError unauthorized, store_unavailable, database_unavailable */
async function store(
  { catalog, ingest, tokens, dueHours }: ReceiveDeps,
  { robot, tokenHash, deadline }: Reporter,
  { shape, lines, lane, hold }: ReadReport,
): Promise<Accepted> {
  let handedOn = false;
  try {
    const refused = await inTime(catalog.admit(shape, lines), timeLeft({ deadline }), databaseAway);
    if (lines.count === refused.size) {
      await tokens.confirm(tokenHash);
      return { robot, refused };
    }
    const marking = dueHours.mark(robot.id, lines.hours);
    if (marking) await inTime(marking, timeLeft({ deadline }), databaseAway);
    handedOn = true;
    return await ingest.submit({ robot, tokenHash, lines, lane, refused, deadline, hold }).catch(async (error) => {
      if (!(error instanceof AppError) || error.code !== 'unauthorized') throw error;
      await inTime(tokens.confirm(tokenHash), timeLeft({ deadline }), databaseAway);
      throw moved();
    });
  } finally {
    if (!handedOn) hold.release();
  }
}

/** The token is good, but no longer this robot's: the next report is stamped with the identity of the right one. */
const moved = () =>
  new AppError('store_unavailable', 'The robot that this token belongs to has just changed. Send the data again.', {
    retryAfter: 1,
  });

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

/** The lines are already stored, so a failure or timeout here is ignored: the next report makes up for it. */
async function noteFirstWrite(
  { firstWrites, tokens }: ReceiveDeps,
  robotId: number,
  reporter: Reporter,
): Promise<void> {
  const noted = firstWrites.note(robotId).then(() => tokens.drop(reporter.tokenHash));
  await inTime(noted, timeLeft(reporter), databaseAway).catch(() => {});
}

async function noteRejected(
  { db, telemetry }: ReceiveDeps,
  robotId: number,
  tokenHash: string,
  rejected: RejectedLine[],
): Promise<void> {
  for (const [kind, of] of Map.groupBy(rejected, (line) => line.kind)) telemetry.refused(kind, of.length);
  const reason = `line ${rejected[0]?.line}: ${rejected[0]?.reason}`.slice(0, 500);
  await changeStatus(db, { id: robotId, tokenHash, from: 'active', to: 'error', reason });
}

async function changeStatus(db: Database, change: ReportStatusChange): Promise<void> {
  const changed = await changeReportStatus(db, change);
  if (changed) await publish(db, { type: 'robot_status_changed', robot_id: change.id, owner_id: changed.owner_id });
}
