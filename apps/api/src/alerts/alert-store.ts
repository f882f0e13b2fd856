import { sql } from 'kysely';
import { decodeCursor, MAX, page, wholeKey } from '../db/pagination.ts';
import type { AlertSeverity, AlertState, AlertValue, Db } from '../db/schema.ts';
import type { Viewer } from '../robots/index.ts';
import type { AlertQuery } from './schemas.ts';

/** A user's alerts are those of their rules, about robots that they may read now; administrators see all. */
function visibleAlerts(db: Db, viewer: Viewer) {
  const query = db
    .selectFrom('alerts')
    .innerJoin('robots', 'robots.id', 'alerts.robot_id')
    .select([
      ...(['alerts.id', 'alerts.rule_id', 'alerts.rule_name', 'alerts.robot_id', 'robots.name as robot_name'] as const),
      ...(['alerts.severity', 'alerts.state', 'alerts.value', 'alerts.since', 'alerts.fired_at'] as const),
      ...(['alerts.quiet_since', 'alerts.resolved_at', 'alerts.ended'] as const),
      ...(['alerts.acknowledged_by', 'alerts.acknowledged_at', 'alerts.owner_id', 'robots.labels'] as const),
    ]);
  if (viewer.role === 'admin') return query;
  return query.where('alerts.owner_id', '=', viewer.id).where('robots.owner_id', '=', viewer.id);
}

/** Newest first. */
export async function listAlerts(db: Db, viewer: Viewer, filter: AlertQuery) {
  const { limit = 100 } = filter;
  let query = visibleAlerts(db, viewer)
    .orderBy('alerts.id', 'desc')
    .limit(limit + 1);
  if (filter.state) query = query.where('alerts.state', '=', filter.state);
  if (filter.rule_id) query = query.where('alerts.rule_id', '=', filter.rule_id);
  if (filter.robot_id) query = query.where('alerts.robot_id', '=', filter.robot_id);
  const keys = decodeCursor(filter.cursor);
  if (keys) query = query.where('alerts.id', '<', wholeKey(keys[0], MAX.bigint));
  return page(await query.execute(), limit, (row) => row.id);
}

export const findAlert = (db: Db, viewer: Viewer, id: number) =>
  visibleAlerts(db, viewer).where('alerts.id', '=', String(id)).executeTakeFirst();

/** @returns whether it was open and nobody had acknowledged it */
export async function acknowledgeAlert(db: Db, id: number, userId: number): Promise<boolean> {
  const changed = await db
    .updateTable('alerts')
    .set((eb) => ({ acknowledged_by: userId, acknowledged_at: sql<Date>`now()`, version: eb('version', '+', 1) }))
    .where('id', '=', String(id))
    .where('state', '<>', 'resolved')
    .where('acknowledged_at', 'is', null)
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

/** Open alerts go by what their rule is called now. */
export async function renameAlertsOfRule(tx: Db, ruleId: number, name: string, severity: AlertSeverity): Promise<void> {
  await sql`
    update alerts set rule_name = ${name}, severity = ${severity}, version = version + 1
    where rule_id = ${ruleId} and state <> 'resolved' and (rule_name, severity) is distinct from (${name}, ${severity})`.execute(
    tx,
  );
}

interface Changed {
  alert_id: number;
  robot_id: number;
  owner_id: number;
}

/** Ends what is open because of the rule, and says why. */
export async function endAlertsOfRule(
  tx: Db,
  ruleId: number,
  why: 'rule_changed' | 'rule_deleted',
): Promise<Changed[]> {
  const { rows } = await sql<Changed>`
    with dropped as (
      delete from alerts where rule_id = ${ruleId} and state = 'pending' returning id, robot_id, owner_id
    ), ended as (
      update alerts set state = 'resolved', ended = ${why}, resolved_at = now(), version = version + 1
      where rule_id = ${ruleId} and state = 'firing' returning id, robot_id, owner_id
    )
    select id::float8 as alert_id, robot_id, owner_id from (select * from dropped union all select * from ended) as gone`.execute(
    tx,
  );
  return rows;
}

/** Resolved ones older than that, seconds. */
export async function deleteOldAlerts(db: Db, retention: number): Promise<void> {
  await sql`
    delete from alerts where state = 'resolved' and resolved_at < now() - make_interval(secs => ${retention})`.execute(
    db,
  );
}

export interface OpenAlert {
  id: string;
  rule_id: number | null;
  owner_id: number;
  robot_id: number;
  rule_name: string;
  severity: AlertSeverity;
  state: Exclude<AlertState, 'resolved'>;
  value: AlertValue;
  since: Date;
  fired_at: Date | null;
  clear_since: Date | null;
  quiet_since: Date | null;
  acknowledged_at: Date | null;
  told_at: Date | null;
  version: number;
  /** How often it has fired since then, this time included. */
  firings: number;
}

/** @param since of firings to count */
export async function listOpen(db: Db, since: Date): Promise<OpenAlert[]> {
  const { rows } = await sql<OpenAlert>`
    select a.id, a.rule_id, a.owner_id, a.robot_id, a.rule_name, a.severity, a.state, a.value, a.since, a.fired_at, a.clear_since,
      a.quiet_since, a.acknowledged_at, a.told_at, a.version, 1 + (
        select count(*) from alerts former where a.state = 'firing' and former.rule_id = a.rule_id and former.robot_id = a.robot_id
          and former.state = 'resolved' and former.resolved_at > ${since} and former.fired_at > ${since}
      )::int as firings
    from alerts a where a.state <> 'resolved'`.execute(db);
  return rows;
}
