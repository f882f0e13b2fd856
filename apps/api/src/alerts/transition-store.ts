import { sql } from 'kysely';
import type { AlertEnd, AlertState, AlertValue, Db } from '../db/schema.ts';

/** An alert that comes to be. */
export interface Opening {
  ruleId: number;
  ruleVersion: number;
  robotId: number;
  state: Exclude<AlertState, 'resolved'>;
  value: AlertValue;
  since: Date;
  firedAt: Date | null;
  toldAt: Date | null;
}

/** What an open alert becomes. */
export interface Update {
  id: string;
  version: number;
  state: AlertState;
  value: AlertValue;
  since: Date;
  firedAt: Date | null;
  clearSince: Date | null;
  quietSince: Date | null;
  resolvedAt: Date | null;
  ended: AlertEnd | null;
  toldAt: Date | null;
}

export interface Written {
  id: string;
  rule_id: number | null;
  robot_id: number;
  owner_id: number;
  robot_name: string;
}

const times = (list: (Date | null)[]) => list.map((time) => time?.toISOString() ?? null);
const json = (list: AlertValue[]) => list.map((value) => JSON.stringify(value));

/**
 * Inserts those whose rule is still the one that was judged, whose owner may still read the robot, and of which there is none yet.
 */
export async function openAlerts(tx: Db, given: Opening[]): Promise<Written[]> {
  const { rows } = await sql<Written>`
    with fit as materialized (
      select r.id as rule_id, r.owner_id, robots.id as robot_id, robots.name as robot_name, r.name as rule_name, r.severity,
        n.state, n.value, n.since, n.fired_at, n.told_at
      from unnest(
        ${given.map((one) => one.ruleId)}::int[], ${given.map((one) => one.ruleVersion)}::int[], ${given.map((one) => one.robotId)}::int[],
        ${given.map((one) => one.state)}::text[], ${json(given.map((one) => one.value))}::jsonb[],
        ${times(given.map((one) => one.since))}::timestamptz[], ${times(given.map((one) => one.firedAt))}::timestamptz[],
        ${times(given.map((one) => one.toldAt))}::timestamptz[]
      ) as n (rule_id, version, robot_id, state, value, since, fired_at, told_at)
      join alert_rules r on r.id = n.rule_id and r.version = n.version and r.enabled
      join users u on u.id = r.owner_id and u.is_active
      join robots on robots.id = n.robot_id and (u.role = 'admin' or robots.owner_id = r.owner_id)
      order by r.id, robots.id for key share of r, robots
    ), opened as (
      insert into alerts (rule_id, owner_id, robot_id, rule_name, severity, state, value, since, fired_at, told_at)
      select rule_id, owner_id, robot_id, rule_name, severity, state, value, since, fired_at, told_at from fit
      on conflict (rule_id, robot_id) where state <> 'resolved' do nothing returning id, rule_id, robot_id, owner_id
    )
    select opened.*, fit.robot_name from opened join fit using (rule_id, robot_id)`.execute(tx);
  return rows;
}

/**
 * Changes those that nobody has changed since. What goes on, or is told, needs a rule that still watches the robot for somebody who
 * may see it.
 */
export async function updateAlerts(tx: Db, given: Update[]): Promise<Written[]> {
  const { rows } = await sql<Written>`
    update alerts a set state = n.state, value = n.value, since = n.since, fired_at = n.fired_at, clear_since = n.clear_since,
      quiet_since = n.quiet_since, resolved_at = n.resolved_at, ended = n.ended, told_at = n.told_at, version = a.version + 1
    from unnest(
      ${given.map((one) => one.id)}::bigint[], ${given.map((one) => one.version)}::int[], ${given.map((one) => one.state)}::text[],
      ${json(given.map((one) => one.value))}::jsonb[], ${times(given.map((one) => one.since))}::timestamptz[],
      ${times(given.map((one) => one.firedAt))}::timestamptz[], ${times(given.map((one) => one.clearSince))}::timestamptz[],
      ${times(given.map((one) => one.quietSince))}::timestamptz[], ${times(given.map((one) => one.resolvedAt))}::timestamptz[],
      ${given.map((one) => one.ended)}::text[], ${times(given.map((one) => one.toldAt))}::timestamptz[]
    ) as n (id, version, state, value, since, fired_at, clear_since, quiet_since, resolved_at, ended, told_at), robots
    where a.id = n.id and a.version = n.version and robots.id = a.robot_id and (n.ended is not distinct from 'not_watched' or exists (
      select from alert_rules r join users u on u.id = r.owner_id and u.is_active
      where r.id = a.rule_id and r.enabled and (u.role = 'admin' or robots.owner_id = r.owner_id)
    ))
    returning a.id, a.rule_id, a.robot_id, a.owner_id, robots.name as robot_name`.execute(tx);
  return rows;
}

/** Pending ones that came to nothing. */
export async function dropAlerts(tx: Db, given: { id: string; version: number }[]): Promise<Written[]> {
  const { rows } = await sql<Written>`
    delete from alerts a using unnest(${given.map(({ id }) => id)}::bigint[], ${given.map(({ version }) => version)}::int[]) as n (id, version)
    where a.id = n.id and a.version = n.version returning a.id, a.rule_id, a.robot_id, a.owner_id, '' as robot_name`.execute(
    tx,
  );
  return rows;
}
