import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../caches/up-to.ts';
import type { Db } from '../../db/schema.ts';
import { TOTALS } from '../../figures/index.ts';
import { inSlices } from '../../scheduling/slices.ts';
import type { WindowQuestion, WindowsQuery } from '../metrics-store.ts';

export interface Asked {
  question: number;
  channel: number;
  robotId: number;
  /** Whether its values are texts or booleans; null when that is not known. */
  isText: boolean | null;
}

/** From so many robots on, looking up their channels costs more than reading their values. */
const MANY_ROBOTS = 200;
/** Series that are new to a large fleet are noticed within this time. */
const KEPT_MS = 60_000;

/** Which channels answer a question. Of large fleets they are kept for a minute, for everybody's robots. */
export class WindowChannels {
  #known = new LRUCache<string, Omit<Asked, 'question'>[]>({ ...upTo(1_000), ttl: KEPT_MS });

  async find(db: Db, { robotIds, questions }: WindowsQuery): Promise<Asked[]> {
    if (robotIds.length < MANY_ROBOTS) return lookUp(db, questions, robotIds);
    const key = ({ measurement, field, tags }: WindowQuestion) =>
      JSON.stringify([measurement, field, Object.entries(tags).sort()]);
    const missing = questions.filter((question) => !this.#known.has(key(question)));
    const found = Map.groupBy(missing.length > 0 ? await lookUp(db, missing, undefined) : [], (one) => one.question);
    const fresh = new Map(missing.map((question, i) => [key(question), found.get(i) ?? []]));
    for (const [name, channels] of fresh) this.#known.set(name, channels);
    const wanted = new Set(robotIds);
    const answered = questions.map((one) => fresh.get(key(one)) ?? this.#known.get(key(one)) ?? []);
    return inSlices(ofRobots(answered, wanted));
  }
}

/** So many are looked at without a pause. */
const AT_ONCE = 512;

/** @param answered by question */
function* ofRobots(answered: Omit<Asked, 'question'>[][], wanted: Set<number>): Generator<void, Asked[]> {
  const asked: Asked[] = [];
  for (const [question, channels] of answered.entries())
    for (const [i, found] of channels.entries()) {
      if (i % AT_ONCE === 0) yield;
      if (wanted.has(found.robotId)) asked.push({ ...found, question });
    }
  return asked;
}

/** What marks the whole is the default of series without that tag. */
const defaultsOf = ({ measurement }: WindowQuestion) => {
  const total = TOTALS[measurement];
  return total ? { [total.tag]: total.value } : {};
};

/** @param robotIds everybody's, if undefined */
async function lookUp(db: Db, questions: WindowQuestion[], robotIds: number[] | undefined): Promise<Asked[]> {
  const json = (of: (question: WindowQuestion) => object) => questions.map((one) => JSON.stringify(of(one)));
  const { rows } = await sql<Asked>`
    select q.question::int - 1 as question, c.id as channel, s.robot_id as "robotId", f.type in ('string', 'boolean') as "isText"
    from unnest(
      ${questions.map(({ measurement }) => measurement)}::text[], ${questions.map(({ field }) => field)}::text[],
      ${json(({ tags }) => tags)}::jsonb[], ${json(defaultsOf)}::jsonb[]
    ) with ordinality as q (measurement, field, tags, defaults, question)
    join metric_series s on ${robotIds ? sql`s.robot_id = any(${robotIds}::int[])` : sql`true`} and s.measurement = q.measurement
      and (q.tags = '{}' or q.defaults || s.tags @> q.tags)
    join metric_channels c on c.series_id = s.id and (q.field is null or c.field = q.field)
    left join metric_fields f on f.robot_id = s.robot_id and f.measurement = s.measurement and f.field = c.field`.execute(
    db,
  );
  return rows;
}
