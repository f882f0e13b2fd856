import { lockUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { readTimeZone } from '../http/time-zone.ts';
import { isVisible, type Viewer } from '../robots/index.ts';
import { findRule } from './rule-store.ts';
import type { NewSilence } from './schemas.ts';
import { deleteSilence, insertSilence, listSilences, type Silence } from './silence-store.ts';
import { isActive } from './silenced.ts';

const MAX_SILENCES = 500;
const invalid = (detail: string) => new AppError('validation_failed', detail);

export const shown = (silence: Silence) => ({ ...silence, active: isActive(silence, Date.now()) });

const target = ({ id, comment }: Silence) => ({
  kind: 'alert_silence' as const,
  id,
  name: comment.slice(0, 255) || null,
});

/** @throws AppError validation_failed, not_found when it names what is not the viewer's */
export async function createSilence(db: Database, actor: Actor, viewer: Viewer, given: NewSilence): Promise<Silence> {
  const { robot_id = null, rule_id = null, labels = null, comment = '' } = given;
  const weekly = given.weekly
    ? { ...given.weekly, time_zone: readTimeZone('weekly.time_zone', given.weekly.time_zone) }
    : null;
  const until = given.until ? new Date(given.until) : null;
  if (!until && !weekly) throw invalid('A silence needs until, weekly, or both.');
  if (until && until.getTime() <= Date.now()) throw invalid('until must be in the future.');
  return db.transaction().execute(async (tx) => {
    await lockUser(tx, viewer.id);
    if ((await listSilences(tx, { id: viewer.id, role: 'user' })).length >= MAX_SILENCES)
      throw invalid(`There are ${MAX_SILENCES} silences already. Delete those that are not needed.`);
    if (robot_id !== null && !(await isVisible(tx, viewer, robot_id))) throw notFound('robot');
    if (rule_id !== null && !(await findRule(tx, viewer, rule_id))) throw notFound('rule');
    const silence = await insertSilence(tx, viewer.id, { robot_id, rule_id, labels, until, weekly, comment });
    await audit(tx, actor, { action: 'alert_silence.created', target: target(silence), details: { ...given } });
    return silence;
  });
}

/** @throws AppError not_found */
export async function removeSilence(db: Database, actor: Actor, viewer: Viewer, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const silence = await deleteSilence(tx, viewer, id);
    if (!silence) throw notFound('silence');
    await audit(tx, actor, { action: 'alert_silence.deleted', target: target(silence) });
  });
}
