import { holdActiveUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';
import { forgetDevices } from './device-store.ts';
import { dropKeptHardware } from './replacement-store.ts';
import { deleteRobot, type RobotUpdate, replaceToken, updateRobot } from './robot-store.ts';
import type { RobotChange } from './schemas.ts';
import { lockRobot, type Viewer } from './visible-robot-store.ts';

const target = (robot: { id: number; name: string }) => ({ kind: 'robot' as const, id: robot.id, name: robot.name });

/**
 * Renames, activates or deactivates a robot, or changes its owner (administrators only). Once this returns, a
 * deactivated robot's writes are refused. @throws AppError not_found, robot_pending, forbidden, validation_failed
 */
export async function changeRobot(
  db: Database,
  actor: Actor,
  viewer: Viewer,
  id: number,
  { name, status, owner_id, labels }: RobotChange,
): Promise<void> {
  const change = { name, status, owner_id, labels };
  await db.transaction().execute(async (tx) => {
    const robot = await lockRobot(tx, viewer, id);
    if (!robot) throw notFound('robot');
    if (owner_id !== undefined && viewer.role !== 'admin')
      throw new AppError('forbidden', 'Only an administrator may change the owner of a robot.');
    if (robot.status === 'pending' && (status || owner_id)) {
      throw new AppError('robot_pending', 'This robot has not been confirmed yet. Enter its pairing code first.');
    }
    if (owner_id !== undefined && !(await holdActiveUser(tx, owner_id))) {
      throw new AppError('validation_failed', 'owner_id must be the id of an active user.', {
        reason: 'owner_inactive',
      });
    }
    const update: RobotUpdate = { ...change };
    // A robot in status error is already on: setting it active must not hide the error.
    if (status === 'active' && robot.status !== 'inactive') update.status = undefined;
    if (update.status) update.error_reason = null;
    await updateRobot(tx, id, update);
    await audit(tx, actor, { action: 'robot.changed', target: target(robot), details: change });
    // The previous owner is notified too, because the robot disappears from their list.
    const owners = new Set([robot.owner_id, owner_id ?? robot.owner_id]);
    await publish(
      tx,
      ...[...owners].map((owner) => ({ type: 'robot_status_changed' as const, robot_id: id, owner_id: owner })),
    );
  });
}

/** The old token is invalid once this returns. @throws AppError not_found, robot_pending */
export async function rotateToken(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<string> {
  const token = newSecret();
  await db.transaction().execute(async (tx) => {
    const robot = await lockRobot(tx, viewer, id);
    if (!robot) throw notFound('robot');
    if (robot.status === 'pending')
      throw new AppError('robot_pending', 'This robot has not been confirmed yet. Enter its pairing code first.');
    await replaceToken(tx, id, sha256(token));
    await forgetDevices(tx, id);
    await audit(tx, actor, { action: 'robot.token_rotated', target: target(robot) });
  });
  return token;
}

/**
 * Ends a robot's token without giving it another, for one that was copied: whoever had it must be paired anew. The former
 * hardware that could come back has no token any more either. @throws AppError not_found, robot_pending
 */
export async function endToken(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const robot = await lockRobot(tx, viewer, id);
    if (!robot) throw notFound('robot');
    if (robot.status === 'pending')
      throw new AppError('robot_pending', 'This robot has not been confirmed yet. Enter its pairing code first.');
    await replaceToken(tx, id, null);
    await dropKeptHardware(tx, id);
    await forgetDevices(tx, id);
    await audit(tx, actor, { action: 'robot.token_ended', target: target(robot) });
    await publish(tx, { type: 'robot_status_changed', robot_id: id, owner_id: robot.owner_id });
  });
}

/** The token is invalid once this returns; a job purges the metrics soon after. @throws AppError not_found */
export async function removeRobot(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const robot = await lockRobot(tx, viewer, id);
    if (!robot) throw notFound('robot');
    await deleteRobot(tx, id);
    await audit(tx, actor, { action: 'robot.deleted', target: target(robot), details: { hostname: robot.hostname } });
    await publish(tx, { type: 'robot_deleted', robot_id: id, owner_id: robot.owner_id });
  });
}
