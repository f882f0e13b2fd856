import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { rollUpMarked } from '../../apps/api/test/support/roll-up.ts';
import type { useTestApi } from '../../apps/api/test/support/test-api.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** Milliseconds since 1970 of an hour (UTC) so many days ago. */
const at = (daysAgo: number, hour = 0) => today - daysAgo * DAY_MS + hour * HOUR_MS;
export const dayOf = (daysAgo: number) => new Date(at(daysAgo)).toISOString().slice(0, 10);

/** A value of a label that SQL, Jinja and drivers could trip over. */
export const ODD = `a "quoted" 'word' \\ 100% %s {{ 1 }} {% if %} :x, (y)`;

/**
 * Robots of two people, paired three days ago: `arm` and `base` reported on two of the days, in the hours that begin at
 * one and two o'clock; `quiet` never did, and is rejected.
 */
export async function knownFleet(
  api: Pick<ReturnType<typeof useTestApi>, 'deps' | 'person' | 'pairedRobot' | 'call' | 'report'>,
  names = { arm: 'arm', base: 'base', quiet: 'quiet' },
) {
  const { db, store, catalog } = api.deps();
  const [one, two] = [await api.person(), await api.person()];
  const robot = async (owner: typeof one, name: string, labels: Record<string, string>) => {
    const made = await api.pairedRobot(owner, name);
    await api.call('PATCH', `/robots/${made.id}`, { token: owner.token, body: { labels } });
    return made;
  };
  const arm = await robot(one, names.arm, { site: 'Berlin', role: 'arm' });
  const base = await robot(two, names.base, { site: 'Berlin', odd: ODD });
  const quiet = await robot(two, names.quiet, {});
  for (const [which, { token }] of [arm, base].entries()) {
    const lines = [1, 2].flatMap((day) => [
      `cpu,cpu=cpu-total usage_idle=${80 - 10 * which - day} ${at(day, 1)}`,
      `mem used_percent=${50 + day} ${at(day, 1)}`,
      `temp,sensor=soc temp=${60 + 10 * which + day} ${at(day, 1)}`,
      `system load1=${1 + which},uptime=${60 * day}i ${at(day, 1)}`,
      `disk,path=/ used_percent=${90 - 2 * day} ${at(day, 1)}`,
      `disk,path=/data used_percent=${20 + which} ${at(day, 1)}`,
      `net,interface=eth0 bytes_recv=0i,bytes_sent=${1000 * (10 - day)}i ${at(day, 1)}`,
      `net,interface=eth0 bytes_recv=70i,bytes_sent=${1000 * (10 - day) + 500}i ${at(day, 2)}`,
      ...Array.from({ length: 1 + which }, (_, i) => `syslog level="error",message="no ${i}" ${at(day, 1)}`),
      `syslog level="info",message="yes" ${at(day, 1)}`,
    ]);
    const { status, body } = await api.report(token, lines.join('\n'), {}, '?precision=ms');
    if (status !== 204) throw new Error(JSON.stringify(body));
  }
  await rollUpMarked({ db, store, catalog });

  // Times of pairing and of being online cannot be sent: two hours a day of the one, one of the other.
  await sql`update robots set created_at = ${new Date(at(3))}, architecture = 'arm64'`.execute(db);
  await sql`update robots set architecture = null, status = 'error', error_reason = 'no' where id = ${quiet.id}`.execute(
    db,
  );
  await sql`update robot_activity set online_s = case when robot_id = ${arm.id} then 3600 else 1800 end`.execute(db);
  // Written by a job, every few seconds.
  const seen = () => db.selectFrom('robot_presence').select('robot_id').execute();
  while ((await seen()).length < 2) await sleep(100);
  await sql`update robot_presence set seen_at = now() - interval '2 hours' where robot_id = ${base.id}`.execute(db);
  return { arm, base, quiet, owners: [one, two] as const };
}
