import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../caches/up-to.ts';
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

/** A robot at its limit is not counted again for this long. */
const FULL_MS = 60_000;

/** Ids of channels, kept as long as their series is. */
export class ChannelIds {
  /** How many a robot may have. */
  readonly max: number;
  #db: Database;
  #known = new WeakMap<KnownSeries, Known>();
  #full = new LRUCache<number, true>({ ...upTo(10_000), ttl: FULL_MS });

  constructor(db: Database, max: number) {
    this.#db = db;
    this.max = max;
  }

  /** @param place where the field most likely is. @returns undefined for an unknown channel */
  find(series: KnownSeries, name: string, place: number): number | undefined {
    const known = this.#known.get(series);
    if (!known) return undefined;
    if (known.names[place] === name) return known.ids[place];
    return known.byName ? known.byName.get(name) : known.ids[known.names.indexOf(name)];
  }

  /** Looks up or inserts channels. Those of a deleted robot and those beyond its limit stay unknown. */
  async add(wanted: Unknown[]): Promise<void> {
    const pairs = wanted.flatMap(({ robotId, series, names }) =>
      [...names].map((name) => ({ robotId, id: series.id, field: text(unescapeKey(name)), series, name })),
    );
    for (let i = 0; i < pairs.length; i += MAX_ROWS) {
      const some = pairs.slice(i, i + MAX_ROWS);
      const ids = await findChannels(this.#db, some);
      const missing = some.filter((pair) => !ids.has(keyOf(pair)) && !this.#full.has(pair.robotId));
      if (missing.length > 0) {
        const added = await addChannels(this.#db, missing, this.max);
        for (const [key, id] of added) ids.set(key, id);
        for (const pair of missing) if (!added.has(keyOf(pair))) this.#full.set(pair.robotId, true);
      }
      for (const pair of some) {
        const channel = ids.get(keyOf(pair));
        if (channel !== undefined && this.find(pair.series, pair.name, 0) === undefined)
          this.#remember(pair.series, pair.name, channel);
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

/** Fields whose channel `find` did not know. */
export interface Unknown {
  robotId: number;
  series: KnownSeries;
  names: Set<string>;
}

type Pair = { id: number; field: string };
type Row = { id: number; series_id: number; field: string };
const keyOf = ({ id, field }: Pair) => `${id} ${field}`;
const keyed = (rows: Row[]) => new Map(rows.map(({ id, series_id, field }) => [`${series_id} ${field}`, id]));
const given = (pairs: Pair[]) =>
  sql`unnest(${pairs.map(({ id }) => id)}::int[], ${pairs.map(({ field }) => field)}::text[]) as g (series_id, field)`;

/** @returns ids by series and field */
async function findChannels(db: Db, pairs: Pair[]): Promise<Map<string, number>> {
  const { rows } = await sql<Row>`
    select c.id, c.series_id, c.field from ${given(pairs)} join metric_channels c using (series_id, field)`.execute(db);
  return keyed(rows);
}

/** Sorted, so that concurrent inserts cannot deadlock. @param max how many a robot may have, about, with concurrent inserts */
async function addChannels(db: Db, pairs: Pair[], max: number): Promise<Map<string, number>> {
  const { rows } = await sql<Row>`
    with asked as materialized (
      select g.series_id, g.field, s.robot_id from ${given(pairs)}
      join lateral (select robot_id from metric_series where id = g.series_id for key share) s on true
    ), counted as materialized (
      select robot_id, (
        select count(*) from metric_series s join metric_channels c on c.series_id = s.id where s.robot_id = robot.robot_id
      ) as count from (select distinct robot_id from asked) as robot
    ), numbered as (
      select *, row_number() over (partition by robot_id order by series_id, field) as number from asked
    )
    insert into metric_channels (series_id, field)
    select n.series_id, n.field from numbered n join counted using (robot_id) where n.number + count <= ${max}
    order by 1, 2 on conflict do nothing returning id, series_id, field`.execute(db);
  const added = keyed(rows);
  // Inserted by somebody else meanwhile.
  const others = pairs.filter((pair) => !added.has(keyOf(pair)));
  return others.length > 0 ? new Map([...added, ...(await findChannels(db, others))]) : added;
}
