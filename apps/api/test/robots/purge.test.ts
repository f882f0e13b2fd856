import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { purgeDeleted } from '../../src/robots/purge-deleted.ts';
import { deleteRollupsOf } from '../../src/rollups/rollup-store.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

it('purges deleted robots even if one of them fails', async () => {
  const deps = api.deps();
  const { db } = deps;
  const owner = await api.person();
  const robots = [await api.pairedRobot(owner), await api.pairedRobot(owner), await api.pairedRobot(owner)];
  for (const { id, token } of robots) {
    expect((await api.report(token, 'm v=1')).status).toBe(204);
    await api.call('DELETE', `/robots/${id}`, { token: owner.token });
  }
  const stuck = robots[0]?.id as number;
  await sql`
    create function keep() returns trigger language plpgsql as $$ begin raise exception 'kept'; end $$;
    create trigger keep before delete on metric_fields for each row when (old.robot_id = ${sql.lit(stuck)}) execute function keep()`.execute(
    db,
  );
  /** The server's own job may have run first. */
  const run = async () => {
    await sql`update robot_purges set requested_at = requested_at - interval '1 hour'`.execute(db);
    return purgeDeleted({ ...deps, purgeRollups: deleteRollupsOf }, AbortSignal.timeout(60_000)).then(
      () => 'done',
      (error: Error) => error.message,
    );
  };
  const left = async () =>
    (await db.selectFrom('robot_purges').select('robot_id').execute()).map((row) => row.robot_id);

  await expect.poll(run).toBe('metrics of 1 deleted robots could not be purged');
  expect(await left()).toEqual([stuck]);
  expect(await db.selectFrom('metric_fields').select('robot_id').distinct().execute()).toEqual([{ robot_id: stuck }]);

  await sql`drop trigger keep on metric_fields`.execute(db);
  await run();
  await expect.poll(left).toEqual([]);
  expect(await db.selectFrom('metric_fields').selectAll().execute()).toEqual([]);
});

it('deletes numbers of a robot that was deleted while they were being written', async () => {
  const { db, store } = api.deps();
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  expect((await api.report(robot.token, 'm v=1')).status).toBe(204);
  const gone = robot.id + 1_000_000;
  await sql`insert into metric_recent (robot_id, time, channels, vals)
    select ${gone}::int, time, channels, vals from metric_recent where robot_id = ${robot.id}`.execute(db);
  const robots = async () =>
    (await db.selectFrom('metric_recent').select('robot_id').distinct().execute()).map((row) => row.robot_id);
  expect(await robots()).toContain(gone);
  await store.maintain();
  expect(await robots()).toEqual([robot.id]);
});
