import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import type { Viewer } from '../robots/index.ts';
import { acknowledgeAlert, findAlert } from './alert-store.ts';

/** Stops reminders. One that has ended, or is acknowledged already, stays as it is. @throws AppError not_found */
export async function acknowledge(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const alert = await findAlert(tx, viewer, id);
    if (!alert) throw notFound('alert');
    if (!(await acknowledgeAlert(tx, id, viewer.id))) return;
    const { robot_id, owner_id, robot_name, rule_name } = alert;
    const details = { alert_id: id, rule: rule_name };
    await audit(tx, actor, {
      action: 'alert.acknowledged',
      target: { kind: 'robot', id: robot_id, name: robot_name },
      details,
    });
    await publish(tx, { type: 'alert_changed', alert_id: id, robot_id, owner_id });
  });
}
