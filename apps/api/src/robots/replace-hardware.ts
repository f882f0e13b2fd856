import { type Actor, audit } from '../audit/index.ts';
import type { Database, Db } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { forgetDevices } from './device-store.ts';
import { forgetInventory, moveInventory } from './inventory-store.ts';
import { keepHardware, takeKeptHardware } from './replacement-store.ts';
import { giveHardware, type Hardware, insertPairedRobot } from './robot-store.ts';
import { lockRobot, type Viewer } from './visible-robot-store.ts';

const target = (robot: { id: number; name: string }) => ({ kind: 'robot' as const, id: robot.id, name: robot.name });

/**
 * Puts an existing robot onto other hardware: id, name, labels, owner and history stay. The former hardware's token ends
 * when the transaction does; its hash is kept, so that undoReplacement can bring it back.
 * @throws AppError not_found with reason replaced_gone, robot_pending
 */
export async function replaceHardware(
  tx: Db,
  actor: Actor,
  viewer: Viewer,
  { id, hardware, tokenHash }: { id: number; hardware: Hardware; tokenHash: string },
): Promise<void> {
  const robot = await lockRobot(tx, viewer, id);
  if (!robot) throw new AppError('not_found', 'There is no such robot to replace.', { reason: 'replaced_gone' });
  if (robot.status === 'pending')
    throw new AppError('robot_pending', 'The robot to replace has not been confirmed itself.');
  await keepHardware(tx, id);
  await giveHardware(tx, id, { ...hardware, status: 'active', influxdb_token: tokenHash }, robot.influxdb_token);
  await forgetDevices(tx, id);
  await forgetInventory(tx, id);
  const details = { former_hostname: robot.hostname, hostname: hardware.hostname };
  await audit(tx, actor, { action: 'robot.replaced', target: target(robot), details });
  await publish(tx, { type: 'robot_paired', robot_id: id, owner_id: robot.owner_id });
}

/**
 * Brings back the hardware before the latest replacement: its token works again. The hardware that had replaced it
 * becomes a robot of its own, with the same owner and its own token, so that neither device has to be paired anew.
 * @param handOn tells whoever still waits for the new hardware's token that it now belongs to another robot
 * @returns the id of that robot
 * @throws AppError not_found when the viewer may not see the robot, or when there is nothing to undo (any more)
 */
export async function undoReplacement(
  db: Database,
  actor: Actor,
  viewer: Viewer,
  id: number,
  handOn: (tx: Db, from: number, to: number) => Promise<void>,
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const robot = await lockRobot(tx, viewer, id);
    if (!robot) throw notFound('robot');
    const kept = await takeKeptHardware(tx, id);
    if (!kept) throw notFound('replacement, or it can no longer be undone');
    const { hostname, ip_address, architecture, agent_version, influxdb_token, owner_id } = robot;
    // What somebody has switched off since stays off, both ways.
    const isOff = robot.status === 'inactive';
    await giveHardware(tx, id, isOff ? { ...kept, status: 'inactive' } : kept, null);
    await forgetDevices(tx, id);
    const device = { hostname, ip_address, architecture, agent_version };
    const own = await insertPairedRobot(tx, {
      ...device,
      owner_id,
      influxdb_token,
      status: isOff ? 'inactive' : 'active',
    });
    await moveInventory(tx, id, own);
    await handOn(tx, id, own);
    const details = { hostname: kept.hostname, now_robot: own, now_hostname: hostname };
    await audit(tx, actor, { action: 'robot.replacement_undone', target: target(robot), details });
    await publish(
      tx,
      { type: 'robot_status_changed', robot_id: id, owner_id },
      { type: 'robot_paired', robot_id: own, owner_id },
    );
    return own;
  });
}
