import { holdActiveUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import type { Database, Db } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import {
  deletePendingRobots,
  findPendingHardware,
  replaceHardware,
  updateRobot,
  type Viewer,
} from '../robots/index.ts';
import { newSecret, seal, sha256 } from '../secrets/secret-box.ts';
import { moveCode, takeCode } from './pair-code-store.ts';

interface Confirmation {
  code: string;
  name?: string;
  /** The id of the robot that this device replaces. */
  replaces?: number;
}

/**
 * Activates the code's robot, assigns it to the viewer and issues its personal token (256 bits). With `replaces`, the
 * device becomes that robot instead, whose owner, labels and name (unless another is given) stay.
 * @throws AppError session_ended when the user no longer exists, not_found for wrong, expired and used codes alike, and
 *   for a robot to replace that the viewer may not see; robot_pending
 */
export async function confirmPairing(
  db: Database,
  sealKey: Buffer,
  actor: Actor,
  viewer: Viewer,
  { code, name, replaces }: Confirmation,
) {
  const token = newSecret();
  const confirmed = { status: 'active' as const, influxdb_token: token };
  return db.transaction().execute(async (tx) => {
    if (!(await holdActiveUser(tx, viewer.id)))
      throw new AppError('session_ended', 'This account is no longer active.');
    const robot_id = await takeCode(tx, code, seal(sealKey, token));
    if (robot_id === undefined) throw notFound('code, or it has expired or has been used');
    const given = name ? { name } : {};
    if (replaces !== undefined) {
      await replaceWith(tx, actor, viewer, { pendingId: robot_id, id: replaces, tokenHash: sha256(token) });
      await updateRobot(tx, replaces, given);
      return { robot_id: replaces, ...confirmed };
    }
    const change = { status: confirmed.status, owner_id: viewer.id, influxdb_token: sha256(token) };
    await updateRobot(tx, robot_id, { ...change, ...given });
    await audit(tx, actor, {
      action: 'pairing.confirmed',
      target: { kind: 'robot', id: robot_id, name: name ?? null },
    });
    await publish(tx, { type: 'robot_paired', robot_id, owner_id: viewer.id });
    return { robot_id, ...confirmed };
  });
}

/** The robot that asked exists no longer: its hardware and its code become those of the robot that it replaces. */
async function replaceWith(
  tx: Db,
  actor: Actor,
  viewer: Viewer,
  { pendingId, id, tokenHash }: { pendingId: number; id: number; tokenHash: string },
): Promise<void> {
  const hardware = await findPendingHardware(tx, pendingId);
  if (!hardware) throw new Error(`robot ${pendingId} had a code but was not pending`);
  await replaceHardware(tx, actor, viewer, { id, hardware, tokenHash });
  await moveCode(tx, pendingId, id);
  await deletePendingRobots(tx, [pendingId]);
}
