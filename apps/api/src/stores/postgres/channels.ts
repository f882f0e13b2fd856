import { sql } from 'kysely';
import type { Database, Db } from '../../db/schema.ts';
import { type KnownSeries, text, unescapeKey } from '../../line-protocol/index.ts';

/** One field of one series. */
export interface Channel {
  id: number;
  seriesId: number;
  field: string;
  tags: Record<string, string>;
}

/** Channels of a measurement's fields. */
export async function listChannels(
  db: Db,
  { robotId, measurement, fields }: { robotId: number; measurement: string; fields: string[] },
): Promise<Channel[]> {
  const { rows } = await sql<Channel>`
    select c.id, s.id as "seriesId", c.field, s.tags from metric_series s join metric_channels c on c.series_id = s.id
    where s.robot_id = ${robotId} and s.measurement = ${measurement} and c.field = any(${fields}::text[])
    order by s.id, c.field`.execute(db);
  return rows;
}

export async function channelIdsOf(db: Db, robotId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select c.id from metric_channels c join metric_series s on s.id = c.series_id where s.robot_id = ${robotId}`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}

interface Known {
  /** Escaped, one character per byte. */
  names: string[];
  ids: number[];
  /** By name, where there are many. */
  byName?: Map<string, number>;
}

/** From this many fields on, a map finds a field faster than a search. */
const MANY_FIELDS = 16;

/** Ids of channels, kept as long as their series is. */
export class ChannelIds {
  #db: Database;
  #known = new WeakMap<KnownSeries, Known>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** @param place where the field most likely is. @returns undefined for an unknown channel */
  find(series: KnownSeries, name: string, place: number): number | undefined {
    const known = this.#known.get(series);
    if (!known) return undefined;
    if (known.names[place] === name) return known.ids[place];
    return known.byName ? known.byName.get(name) : known.ids[known.names.indexOf(name)];
  }

  /**
   * Looks up or inserts channels. Those of a deleted robot stay unknown.
   * @param wanted fields by series, each of which `find` did not know
   */
  async add(wanted: Map<KnownSeries, string[]>): Promise<void> {
    const pairs: { id: number; field: string; series: KnownSeries; name: string }[] = [];
    for (const [series, names] of wanted) {
      for (const name of new Set(names)) pairs.push({ id: series.id, field: text(unescapeKey(name)), series, name });
    }
    for (let i = 0; i < pairs.length; i += MAX_ROWS) {
      const some = pairs.slice(i, i + MAX_ROWS);
      const ids = await ensureChannels(this.#db, some);
      for (const { id, field, series, name } of some) {
        const channel = ids.get(`${id} ${field}`);
        if (channel !== undefined && this.find(series, name, 0) === undefined) this.#remember(series, name, channel);
      }
    }
  }

  #remember(series: KnownSeries, name: string, channel: number): void {
    const known = this.#known.get(series) ?? { names: [], ids: [] };
    this.#known.set(series, known);
    known.names.push(name);
    known.ids.push(channel);
    if (known.names.length === MANY_FIELDS)
      known.byName = new Map(known.names.map((one, i) => [one, known.ids[i] ?? 0]));
    else known.byName?.set(name, channel);
  }
}

const MAX_ROWS = 5_000;

/** Sorted, so that concurrent inserts cannot deadlock. @returns ids by series and field */
async function ensureChannels(db: Db, pairs: { id: number; field: string }[]): Promise<Map<string, number>> {
  const given = sql`unnest(${pairs.map(({ id }) => id)}::int[], ${pairs.map(({ field }) => field)}::text[]) as g (series_id, field)`;
  const found = () =>
    sql<{ id: number; series_id: number; field: string }>`
      select c.id, c.series_id, c.field from ${given} join metric_channels c using (series_id, field)`.execute(db);
  const keyed = (rows: { id: number; series_id: number; field: string }[]) =>
    new Map(rows.map(({ id, series_id, field }) => [`${series_id} ${field}`, id]));
  const known = keyed((await found()).rows);
  if (pairs.every(({ id, field }) => known.has(`${id} ${field}`))) return known;
  await sql`
    insert into metric_channels (series_id, field)
    select g.series_id, g.field from ${given}
    join lateral (select id from metric_series where id = g.series_id for key share) s on true
    where not exists (select 1 from metric_channels c where c.series_id = g.series_id and c.field = g.field)
    order by 1, 2 on conflict do nothing`.execute(db);
  return keyed((await found()).rows);
}
