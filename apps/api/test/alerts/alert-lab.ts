import { sql } from 'kysely';
import { type EvaluationResult, evaluate } from '../../src/alerts/index.ts';
import { observe } from '../../src/alerts/observe.ts';
import { listWatched } from '../../src/alerts/rule-store.ts';
import { AHEAD_MS, LONGEST_MS } from '../../src/arrivals/spans.ts';
import type { AlertNews } from '../../src/channels/index.ts';
import type { Db } from '../../src/db/schema.ts';
import type { Person, useTestApi } from '../support/test-api.ts';

export type TestApi = ReturnType<typeof useTestApi>;
type Body = Record<string, unknown>;
export type Told = Pick<AlertNews, 'what' | 'value'> & { rule: number; robot: number };

/**
 * Rules over HTTP, evaluated at times of the test's choice. Messages are kept in a table of the test's own, written in the same
 * transaction, so that what was rolled back is not counted.
 * @param watchesAtOnce what a rule is about counts as watched from its beginning, and long before, rather than after some minutes
 */
export function alertLab(api: TestApi, { watchesAtOnce = false } = {}) {
  let now = 0;
  const results: EvaluationResult[] = [];
  const queueNews = async (tx: Db, channels: number[], news: AlertNews[]) => {
    for (const one of news)
      await sql`insert into told (news, channels) values (${JSON.stringify(one)}, ${channels})`.execute(tx);
  };
  const deps = () => ({ ...api.deps(), queueNews, note: (result: EvaluationResult) => void results.push(result) });

  const lab = {
    /** Before the first evaluation; the test's clock starts at the present. */
    async begin() {
      // What has arrived is not asked about the future.
      now = Date.now() - (watchesAtOnce ? AHEAD_MS : 0);
      // The server's own evaluation would run at other times than the test's.
      await sql`
        insert into job_claims (job, holder, until) values ('evaluate alerts', 'test', now() + interval '1 hour')
        on conflict (job) do update set holder = 'test', until = excluded.until`.execute(api.deps().db);
      await sql`create table if not exists told (id serial, news jsonb, channels int[])`.execute(api.deps().db);
      await sql`truncate told`.execute(api.deps().db);
      await sql`delete from alert_rules`.execute(api.deps().db);
      await sql`delete from alert_silences`.execute(api.deps().db);
      await sql`delete from alert_absences`.execute(api.deps().db);
      if (watchesAtOnce) await watchAtOnce(api);
      await sql`update alert_watch set evaluated_at = null, watched_since = null`.execute(api.deps().db);
    },
    now: () => now,
    results,
    /** Evaluates at that time, or at the one that the clock shows. */
    evaluate: (at = now) => evaluate(deps(), AbortSignal.timeout(30_000), at),
    /** Lets time pass, evaluating every ten seconds. */
    async pass(seconds: number, each: (now: number) => Promise<unknown> = async () => {}) {
      for (let s = 0; s < seconds; s += 10) {
        now += 10_000;
        await each(now);
        await lab.evaluate();
      }
    },
    /** Lets time pass without anybody watching. */
    skip(seconds: number) {
      now += seconds * 1000;
    },
    async rule(owner: Person, condition: Body, more: Body = {}) {
      const body = { name: 'Rule', scope: { all: true }, condition, resolve_for_s: 0, ...more };
      const reply = await api.call('POST', '/alert-rules', { token: owner.token, body });
      if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
      // There are no channels in this test, and messages are what it is about.
      await sql`update alert_rules set channels = '{1}' where id = ${reply.body.id}`.execute(api.deps().db);
      if (watchesAtOnce) await lab.watch();
      return reply.body as { id: number };
    },
    /** Has what the rules are about watched, without judging anything. */
    async watch() {
      const { db, store, recent, arrivals } = api.deps();
      const rules = (await listWatched(db)).map((rule) => ({ ...rule, robots: [{ ownerId: rule.owner_id }] as never }));
      const look = { db, store, recent, now, absences: [], signal: AbortSignal.timeout(30_000) };
      await observe(look, rules, (error) => {
        throw error;
      });
      await arrivals.refresh();
    },
    async alerts(person: Person, query = '') {
      return (await api.call('GET', `/alerts${query}`, { token: person.token })).body.items as Body[];
    },
    async states(person: Person, query = '') {
      return (await lab.alerts(person, query)).map(({ state }) => state);
    },
    /** What was to be told so far, oldest first. */
    async told(): Promise<Told[]> {
      const { rows } = await sql<{ news: AlertNews }>`select news from told order by id`.execute(api.deps().db);
      return rows.map(({ news }) => ({ what: news.what, value: news.value, rule: news.rule.id, robot: news.robot.id }));
    },
    /** A report whose points are of the test's time. */
    async report(token: string, lines: string, at = now) {
      const stamped = lines.split('\n').map((line) => `${line} ${at}`);
      const reply = await api.report(token, stamped.join('\n'), {}, '?precision=ms');
      if (reply.status !== 204) throw new Error(JSON.stringify(reply.body));
    },
    /** As if the robot had last been heard of at that time. */
    async heard(robotId: number, at = now) {
      await api.deps().presence.flush();
      await sql`
        insert into robot_presence (robot_id, seen_at) values (${robotId}, ${new Date(at)})
        on conflict (robot_id) do update set seen_at = excluded.seen_at`.execute(api.deps().db);
    },
  };
  return lab;
}

/** From then on the metrics store is not asked for windows that are watched. */
async function watchAtOnce(api: TestApi): Promise<void> {
  const { db, store } = api.deps();
  await sql`alter table watched_fields alter column created_at set default now() - interval '1 hour'`.execute(db);
  await sql`insert into arrivals_epoch (began_at) values (now() - interval '1 hour') on conflict (only_row) do update set began_at = excluded.began_at`.execute(
    db,
  );
  const { windows } = store;
  store.windows = (query, signal) => {
    if (query.robotIds.length > 0 && query.to - query.from <= LONGEST_MS)
      throw new Error('asked the store for a watched window');
    return windows(query, signal);
  };
}
