import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { addToOutbox, type Delivery, deliverDue } from '../../src/jobs/outbox.ts';
import { writePresence } from '../../src/robots/presence-store.ts';
import { noteSilent } from '../../src/robots/tell-of-silent.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
type Letter = { n: number };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

it('each message is delivered once, however many replicas deliver', async () => {
  const { db } = api.deps();
  await addToOutbox(db, 'letters', numbers(95));
  const got: number[] = [];
  const post: Delivery<Letter> = {
    ...{ kind: 'letters', atOnce: 10 },
    deliver: async (_tx, letters) => void got.push(...letters.map(({ n }) => n)),
  };
  await Promise.all(Array.from({ length: 5 }, () => deliverDue(db, post)));
  await deliverDue(db, post);
  expect(got.sort((a, b) => a - b)).toEqual(numbers(95).map(({ n }) => n));
});

it('messages of a rolled-back transaction are not delivered', async () => {
  const { db } = api.deps();
  const undone = db.transaction().execute(async (tx) => {
    await addToOutbox(tx, 'undone', numbers(1));
    throw new Error('undo');
  });
  await expect(undone).rejects.toThrow('undo');
  const got: unknown[] = [];
  await deliverDue(db, { kind: 'undone', atOnce: 10, deliver: async (_tx, all) => void got.push(...all) });
  expect(got).toEqual([]);
});

it('a message that cannot be delivered is postponed, with the reason', async () => {
  const { db } = api.deps();
  await addToOutbox(db, 'stuck', numbers(2));
  const got: Letter[] = [];
  let works = false;
  const post: Delivery<Letter> = {
    ...{ kind: 'stuck', atOnce: 10 },
    deliver: async (_tx, letters) => {
      if (!works) throw new Error('nobody there');
      got.push(...letters);
    },
  };
  await expect(deliverDue(db, post)).rejects.toThrow('nobody there');
  await deliverDue(db, post);
  const { rows } = await sql`select attempts, last_error from outbox where kind = 'stuck'`.execute(db);
  expect(rows).toEqual(Array(2).fill({ attempts: 1, last_error: 'nobody there' }));
  works = true;
  await sql`update outbox set due_at = now() where kind = 'stuck'`.execute(db);
  await deliverDue(db, post);
  expect(got).toHaveLength(2);
});

it('a silent robot is announced once, however many replicas notice', async () => {
  const { db, events, presence } = api.deps();
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  await api.report(robot.token, 'm v=1');
  await presence.flush();
  const heard: unknown[] = [];
  events.on(`owner ${owner.id}`, (event) => event.type === 'robot_offline' && heard.push(event.robot_id));
  await sql`update robot_presence set seen_at = now() - interval '1 day' where robot_id = ${robot.id}`.execute(db);
  await Promise.all(Array.from({ length: 5 }, () => noteSilent(db, 60)));
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([robot.id]);
  const { rows } = await sql`select 1 from outbox where kind = 'robot_offline'`.execute(db);
  expect(rows).toEqual([]);
});

it('a sighting that a frozen replica writes too late does not make a robot online again', async () => {
  const { db } = api.deps();
  const robot = await api.pairedRobot(await api.person());
  const see = (secondsAgo: number) =>
    writePresence(
      db,
      [
        {
          id: robot.id,
          at: new Date(Date.now() - secondsAgo * 1000),
          skewMs: null,
          guessMs: null,
          agentVersion: null,
          reports: 1,
        },
      ],
      45,
    );
  const announced = async () =>
    (
      await db
        .selectFrom('robot_presence')
        .select('announced_offline')
        .where('robot_id', '=', robot.id)
        .executeTakeFirstOrThrow()
    ).announced_offline;
  await see(100);
  await noteSilent(db, 45);
  expect(await announced()).toBe(true);
  await see(90);
  expect(await announced(), 'too late').toBe(true);
  await see(1);
  expect(await announced(), 'in time').toBe(false);
});
