import { sql } from 'kysely';
import { lock } from '../db/locks.ts';
import type { Database, Db } from '../db/schema.ts';

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
  takenUntil: Date;
}

/** How long a replica that has ended keeps what it took. */
const TAKEN = sql`interval '1 minute'`;

/**
 * Takes robots with due hours for this replica, and at most `perRobot` hours of each; nobody else gets a robot of which
 * hours are taken. Owners take turns, so that whoever has many robots with late data does not hold up the others; of an
 * owner's robots, and of robots of one turn, the longest overdue comes first. Whoever has not come to some of them gives
 * them back.
 */
export async function takeDue(db: Database, limit: number, perRobot: number): Promise<DueRobot[]> {
  return db.transaction().execute(async (tx) => {
    await lock(tx, 'take due hours');
    // Rows are locked in the order in which hours are marked. One that is marked meanwhile is not due any more.
    const { rows } = await sql<{ robot_id: number; hour: number; marks: number; taken_until: Date }>`
      with due as materialized (
        select robot_id, min(due_at) as since from rollup_due where due_at <= now() group by robot_id),
      turns as (
        select due.*, row_number() over (partition by coalesce(r.owner_id, -due.robot_id) order by since, robot_id) as turn
        from due left join robots r on r.id = due.robot_id
        where not exists (select from rollup_due taken where taken.robot_id = due.robot_id and taken.taken_until > now())
        order by turn, since, robot_id limit ${limit}),
      wanted as (
        select t.robot_id, h.hour, t.turn, t.since, h.due_at from turns t cross join lateral (
          select hour, due_at from rollup_due h where h.robot_id = t.robot_id and h.due_at <= now()
          order by due_at, hour limit ${perRobot}) h),
      locked as materialized (
        select robot_id, hour from rollup_due join wanted using (robot_id, hour)
        where rollup_due.due_at <= now() order by robot_id, hour for update of rollup_due),
      taken as (
        update rollup_due set taken_until = date_trunc('milliseconds', now()) + ${TAKEN} from locked
        where rollup_due.robot_id = locked.robot_id and rollup_due.hour = locked.hour
        returning rollup_due.robot_id, rollup_due.hour, rollup_due.marks, rollup_due.taken_until)
      select robot_id, hour, marks, taken_until from taken join wanted using (robot_id, hour)
      order by turn, since, robot_id, due_at, hour`.execute(tx);
    const takenUntil = rows[0]?.taken_until as Date;
    return [...Map.groupBy(rows, (row) => row.robot_id)].map(([robotId, hours]) => ({ robotId, hours, takenUntil }));
  });
}

/** Lets others take what is left of robots that were taken together. */
export async function giveBack(db: Db, robots: DueRobot[]): Promise<void> {
  if (robots.length === 0) return;
  await sql`
    with locked as materialized (
      select robot_id, hour from rollup_due
      where robot_id = any(${robots.map(({ robotId }) => robotId)}::int[]) and taken_until = ${robots[0]?.takenUntil}
      order by robot_id, hour for update)
    update rollup_due set taken_until = null from locked
    where rollup_due.robot_id = locked.robot_id and rollup_due.hour = locked.hour`.execute(db);
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
