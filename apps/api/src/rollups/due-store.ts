import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface DueHour {
  robot_id: number;
  hour: number;
  due_at: Date;
}

/** Marks hours that are about to get new points. */
export async function markDue(db: Db, hours: readonly DueHour[]): Promise<void> {
  await sql`
    insert into rollup_due as known (robot_id, hour, due_at)
    select * from unnest(${hours.map((one) => one.robot_id)}::int[], ${hours.map((one) => one.hour)}::int[],
      ${hours.map((one) => one.due_at.toISOString())}::timestamptz[]) as g (robot_id, hour, due_at) order by 1, 2
    on conflict (robot_id, hour) do update set marks = known.marks + 1,
      due_at = greatest(known.due_at, excluded.due_at)`.execute(db);
}

export interface DueRobot {
  robotId: number;
  hours: { hour: number; marks: number }[];
}

/**
 * Robots with due hours, and at most `perRobot` hours of each. Owners take turns, so that whoever has many robots with
 * late data does not hold up the others; of an owner's robots, and of robots of one turn, the longest overdue comes first.
 */
export async function listDue(db: Db, limit: number, perRobot: number): Promise<DueRobot[]> {
  const { rows } = await sql<{ robot_id: number; hour: number; marks: number }>`
    with due as materialized (select robot_id, min(due_at) as since from rollup_due where due_at <= now() group by robot_id),
    turns as (
      select due.*, row_number() over (partition by coalesce(r.owner_id, -due.robot_id) order by since, robot_id) as turn
      from due left join robots r on r.id = due.robot_id order by turn, since, robot_id limit ${limit})
    select t.robot_id, h.hour, h.marks from turns t cross join lateral (
      select hour, marks, due_at from rollup_due h where h.robot_id = t.robot_id and h.due_at <= now()
      order by due_at, hour limit ${perRobot}
    ) h order by t.turn, t.since, t.robot_id, h.due_at, h.hour`.execute(db);
  return [...Map.groupBy(rows, (row) => row.robot_id)].map(([robotId, hours]) => ({ robotId, hours }));
}

/**
 * Hours marked again since they were read stay due. To be called last in the transaction that computed them.
 * @returns false when another replica has finished some of them meanwhile: what this one computed may be older
 */
export async function finishDue(tx: Db, { robotId, hours }: DueRobot): Promise<boolean> {
  const done = await sql<{ hour: number }>`
    delete from rollup_due using unnest(${hours.map(({ hour }) => hour)}::int[], ${hours.map(({ marks }) => marks)}::int[])
      as done (hour, marks)
    where robot_id = ${robotId} and rollup_due.hour = done.hour and rollup_due.marks = done.marks
    returning rollup_due.hour`.execute(tx);
  const finished = new Set(done.rows.map(({ hour }) => hour));
  const others = hours.map(({ hour }) => hour).filter((hour) => !finished.has(hour));
  const { rows } = await sql`
    select 1 from rollup_due where robot_id = ${robotId} and hour = any(${others}::int[])`.execute(tx);
  return rows.length === others.length;
}

/** A robot's hours whose roll-ups are missing or out of date. @param to exclusive */
export async function pendingHours(db: Db, robotId: number, from: number, to: number): Promise<number[]> {
  const { rows } = await sql<{ hour: number }>`
    select hour from rollup_due where robot_id = ${robotId} and hour >= ${from} and hour < ${to} order by hour`.execute(
    db,
  );
  return rows.map(({ hour }) => hour);
}

/** Marks the first hour after this one that each counter of the robot was rolled up for. */
export async function markNextRolled(
  db: Db,
  robotId: number,
  counters: readonly string[],
  hour: number,
): Promise<void> {
  await sql`
    insert into rollup_due (robot_id, hour, due_at)
    select distinct ${robotId}::int, next.hour, now() from metric_series s cross join lateral (
      select min(h.hour) as hour from rollup_hours h where h.series_id = s.id and h.hour > ${hour}
    ) next
    where s.robot_id = ${robotId} and s.measurement = any(${counters}::text[]) and next.hour is not null
    on conflict do nothing`.execute(db);
}

/** Hours that could not be computed are tried again later, so that they do not hold up others. */
export async function postponeDue(db: Db, { robotId, hours }: DueRobot, seconds: number): Promise<void> {
  await sql`
    update rollup_due set due_at = greatest(due_at, now() + make_interval(secs => ${seconds}))
    where robot_id = ${robotId} and hour = any(${hours.map(({ hour }) => hour)}::int[])`.execute(db);
}
