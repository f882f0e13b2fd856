import { holdActiveUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import { updateRobot } from '../robots/index.ts';
import { newSecret, seal, sha256 } from '../secrets/secret-box.ts';
import { takeCode } from './pair-code-store.ts';

/**
 * Activates the code's robot, assigns it to `ownerId` and issues its personal token (256 bits).
 * @throws AppError session_ended when the user no longer exists, not_found for wrong, expired and used codes alike
 */
export async function confirmPairing(
  db: Database,
  sealKey: Buffer,
  actor: Actor,
  input: { code: string; ownerId: number; name?: string },
) {
  const token = newSecret();
  return db.transaction().execute(async (tx) => {
    if (!(await holdActiveUser(tx, input.ownerId)))
      throw new AppError('session_ended', 'This account is no longer active.');
    const robot_id = await takeCode(tx, input.code, seal(sealKey, token));
    if (robot_id === undefined) throw notFound('code, or it has expired or has been used');
    await updateRobot(tx, robot_id, {
      status: 'active',
      owner_id: input.ownerId,
      influxdb_token: sha256(token),
      ...(input.name ? { name: input.name } : {}),
    });
    await audit(tx, actor, {
      action: 'pairing.confirmed',
      target: { kind: 'robot', id: robot_id, name: input.name ?? null },
    });
    await publish(tx, { type: 'robot_paired', robot_id, owner_id: input.ownerId });
    return { robot_id, status: 'active' as const, influxdb_token: token };
  });
}
