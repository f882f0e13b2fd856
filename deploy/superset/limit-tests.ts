import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { asPerson } from './as-person.ts';
import { type Attack, costly, large, lists, malformed, type Targets } from './hostile-requests.ts';

type Pg = pg.Client;
type Client = Awaited<ReturnType<typeof asPerson>>;
/** As in user_limits.py. */
const [AT_ONCE, HELD, STATES] = [3, 30, 50];

export interface Given {
  targets: () => Targets;
  /** The user with so many robots, 0 and 1. */
  user: (number: 0 | 1) => Promise<Client>;
  /** The server's database as PostgreSQL's administrator reaches it, and Superset's own. */
  adminDatabase: () => string;
  supersetDatabase: () => string;
  /** Gives the first user's robot to the second, or back. */
  give: (to: 0 | 1) => Promise<void>;
}

const shown = (body: unknown) => (body instanceof Buffer ? body.toString() : JSON.stringify(body))?.slice(0, 800);

/** What one user may cost others. */
export function limitTests({ targets, user, adminDatabase, supersetDatabase, give }: Given): void {
  const answers = async ({ call }: Client, all: Attack[]) => {
    const found: string[] = [];
    for (const { method = 'GET', path, body, headers } of all)
      found.push(`${(await call(method, path, body, headers)).status} ${path} ${shown(body)}`);
    return found;
  };
  const others = (found: string[], ...expected: number[]) =>
    found.filter((one) => !expected.includes(Number(one.slice(0, 3))));

  describe('a user', () => {
    it('gets no answer to what would cost others memory or time', async () => {
      expect(others(await answers(await user(0), costly(targets())), 400, 403)).toEqual([]);
    });

    it('is told what is wrong with a request, which fails nothing', async () => {
      expect(others(await answers(await user(0), malformed(targets())), 400)).toEqual([]);
    });

    it('sees no more of people in lists than their pages show', async () => {
      expect(others(await answers(await user(0), lists(targets())), 400, 403)).toEqual([]);
    });

    it('stores few filters, and small ones', async () => {
      const me = await user(0);
      const [tabs, sizes] = [true, false].map((wanted) =>
        large(targets()).filter(({ group }) => (group === 'tabs') === wanted),
      ) as [Attack[], Attack[]];
      expect(others(await answers(me, sizes), 413)).toEqual([]);
      expect(others(await answers(me, tabs), 403)).toEqual([]);
      const path = `/api/v1/dashboard/${targets().dashboard}/filter_state`;
      const keys: string[] = [];
      for (let tab = 1; tab <= STATES + 5; tab++) {
        const reply = await me.call('POST', `${path}?tab_id=${tab}`, {
          value: JSON.stringify({ tab, x: 'x'.repeat(9000) }),
        });
        keys.push(JSON.parse(reply.text).key);
      }
      const found: number[] = [];
      for (const key of keys) found.push((await me.call('GET', `${path}/${key}`)).status);
      expect(found).toEqual([...Array(5).fill(404), ...Array(STATES).fill(200)]);
    });

    it('keeps no rows of a robot that is given away, however it is asked for them', async () => {
      const [me, next] = [await user(0), await user(1)];
      const { asked } = targets();
      const cached = { ...asked, force: false };
      const seen = async () => [
        (await me.ask(cached)).text.includes('own-arm'),
        (await next.ask(cached)).text.includes('own-arm'),
      ];
      await me.call('POST', '/api/v1/chart/data', { ...cached, custom_cache_timeout: 86_400 });
      expect([await seen(), await seen()]).toEqual([
        [true, false],
        [true, false],
      ]);
      await give(1);
      expect(await seen()).toEqual([false, true]);
      await give(0);
      expect(await seen()).toEqual([true, false]);
    });

    it('has nothing of what their pages say stored', async () => {
      const { call } = await user(0);
      expect((await call('POST', '/superset/log/?explode=events', { events: '[{"x": 1}]' })).status).toBe(403);
      const client = new pg.Client({ connectionString: supersetDatabase() });
      await client.connect();
      const { rows } = await client.query('select count(*)::integer from logs');
      await client.end();
      expect(rows).toEqual([{ count: 0 }]);
    });

    it('keeps nobody else waiting, whatever they ask at once', async () => {
      const [me, other] = [await user(0), await user(1)];
      const [locker, watcher] = [adminDatabase(), adminDatabase()].map((url) => new pg.Client(url)) as [Pg, Pg];
      await Promise.all([locker.connect(), watcher.connect()]);
      await locker.query('begin; lock table robot_activity in access exclusive mode');
      const sent = Array.from({ length: HELD + 10 }, () => me.call('POST', '/api/v1/chart/data', targets().asked));
      const first = await Promise.race(sent);
      const waiting =
        "select count(*)::integer from pg_stat_activity where usename = 'robowatch_bi' and wait_event_type = 'Lock'";
      const atOnce = async () => (await watcher.query(waiting)).rows[0].count;
      await expect.poll(atOnce, { timeout: 30_000 }).toBe(AT_ONCE);
      const seen = (await other.call('GET', '/api/v1/me/')).status;
      await locker.query('rollback');
      await Promise.all([locker.end(), watcher.end()]);
      const statuses = (await Promise.all(sent)).map(({ status }) => status);
      expect([first.status, seen]).toEqual([429, 200]);
      expect(statuses.filter((status) => status === 429)).toHaveLength(10);
      expect(statuses.filter((status) => status === 200)).toHaveLength(HELD);
    });
  });
}
