import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { noteAlive } from '../../src/robots/server-watch-store.ts';
import { noteSilent } from '../../src/robots/tell-of-silent.ts';
import { useTestApi } from '../support/test-api.ts';

const OFFLINE_AFTER = 45;
const api = useTestApi({ ROBOT_OFFLINE_AFTER: String(OFFLINE_AFTER) });

/** The server is there some seconds later, as far as the database knows: at once, because its own jobs look as well. */
async function pass(seconds: number): Promise<void> {
  const ago = sql`make_interval(secs => ${seconds})`;
  await api
    .deps()
    .db.transaction()
    .execute(async (tx) => {
      await sql`update robot_presence set seen_at = seen_at - ${ago}`.execute(tx);
      await sql`
      update server_watch set alive_at = alive_at - ${ago}, away_from = away_from - ${ago}, away_until = away_until - ${ago}`.execute(
        tx,
      );
      await noteAlive(tx, OFFLINE_AFTER);
    });
}

/** The same, with a server that is there all the time. */
async function live(seconds: number, each = async () => {}): Promise<void> {
  for (let s = 0; s < seconds; s += 10) {
    await pass(10);
    await each();
  }
}

beforeEach(() => noteAlive(api.deps().db, OFFLINE_AFTER));

async function reported(person: Awaited<ReturnType<typeof api.person>>, name: string) {
  const robot = await api.pairedRobot(person, name);
  expect((await api.report(robot.token, 'm v=1')).status).toBe(204);
  await api.deps().presence.flush();
  return robot;
}

it('robots are not offline because the server was away', async () => {
  const { db } = api.deps();
  const person = await api.person();
  const online = async () => {
    const { items } = (await api.call('GET', '/robots?online=true', { token: person.token })).body;
    return items.map(({ name }: { name: string }) => name).sort();
  };
  const announced = async () => {
    await noteSilent(db, OFFLINE_AFTER);
    return (
      await db.selectFrom('robot_presence').select('robot_id').where('announced_offline', '=', true).execute()
    ).map(({ robot_id }) => robot_id);
  };
  const silent = await reported(person, 'silent');
  await live(OFFLINE_AFTER + 5);
  expect(await announced()).toEqual([silent.id]);
  const [quiet, alive] = [await reported(person, 'quiet'), await reported(person, 'alive')];
  expect(await online()).toEqual(['alive', 'quiet']);

  await pass(600);
  expect(await online()).toEqual(['alive', 'quiet']);
  expect(await announced()).toEqual([silent.id]);

  // Again before they could report.
  await pass(20);
  expect(await online()).toEqual(['alive', 'quiet']);

  const report = async () => {
    await api.report(alive.token, 'm v=2');
    await api.deps().presence.flush();
  };
  await report();
  await live(OFFLINE_AFTER, report);
  expect(await online()).toEqual(['alive']);
  expect((await announced()).sort()).toEqual([silent.id, quiet.id].sort());
});
