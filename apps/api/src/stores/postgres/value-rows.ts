import { sql } from 'kysely';
import { type DecodedField, decodeFields, type KnownSeries, type Refusal } from '../../line-protocol/index.ts';
import { sorting } from '../../scheduling/slices.ts';
import type { RobotLines } from '../metrics-store.ts';
import type { ChannelIds, Unknown } from './channels.ts';
import { byTime } from './log-rows.ts';

/** A line that is no log entry. */
export interface Point {
  robotId: number;
  series: KnownSeries;
  /** Escaped, one character per byte. */
  names: string[];
  fields: DecodedField[];
  /** Nanoseconds since 1970. */
  time: string;
  /** Refuses the line. */
  refuse(refusal: Refusal): void;
}

export function decodeValues(robotId: number, series: KnownSeries, line: Buffer, refuse: Point['refuse']): Point {
  const names: string[] = [];
  const fields: DecodedField[] = [];
  const time = decodeFields(line, series.head.length, (name, field) => {
    names.push(name);
    fields.push(field);
  });
  return { robotId, series, names, fields, time, refuse };
}

/** Fields whose channel is not known. */
export function* unknownFields(points: Point[], channels: ChannelIds): Generator<void, Unknown[]> {
  const unknown = new Map<KnownSeries, Unknown>();
  for (const { robotId, series, names } of points) {
    for (const [i, name] of names.entries()) {
      if (channels.find(series, name, i) !== undefined) continue;
      const known = unknown.get(series) ?? { robotId, series, names: new Set() };
      unknown.set(series, known);
      known.names.add(name);
    }
    yield;
  }
  return [...unknown.values()];
}

/** The numbers of a robot at one time. */
export interface ValueRow {
  /** Bytes, about. */
  size: number;
  robotId: number;
  time: string;
  channels: number[];
  vals: number[];
}

/** Text, boolean, or an integer that a double does not hold exactly. */
export interface OtherRow {
  size: number;
  channel: number;
  time: string;
  json: string;
}

/** Of two values with the same channel and time, the later one counts. */
export function* groupingValues(
  points: Point[],
  channels: ChannelIds,
): Generator<void, { values: ValueRow[]; others: OtherRow[] }> {
  const values: ValueRow[] = [];
  const others = new Map<string, OtherRow>();
  let rows = new Map<string, Group>();
  let robot: RobotLines['robotId'] | undefined;
  for (const { robotId, series, names, fields, time, refuse } of points) {
    const ids = names.map((name, i) => channels.find(series, name, i));
    if (ids.includes(undefined)) {
      const reason = `more than ${channels.max} fields in all series together: send fewer series, or fewer fields`;
      refuse({ kind: 'limit', reason });
      continue;
    }
    if (robotId !== robot) rows = new Map();
    robot = robotId;
    for (const [i, field] of fields.entries()) {
      const channel = ids[i] as number;
      const number = numberOf(field);
      if (number === undefined || !isExact(field, number)) {
        const json =
          field.type === 'integer' || field.type === 'unsigned' ? String(field.value) : JSON.stringify(field.value);
        others.set(`${channel} ${time}`, { channel, time, json, size: json.length });
      }
      if (number === undefined) continue;
      let group = rows.get(time);
      if (!group) {
        group = { row: { robotId, time, channels: [], vals: [], size: 0 }, lines: new Map() };
        rows.set(time, group);
        values.push(group.row);
      }
      addValue(group, series, names, channel, number);
    }
    yield;
  }
  const sorted = yield* sorting([...others.values()], (a, b) => a.channel - b.channel || byTime(a.time, b.time));
  return { values, others: sorted };
}

interface Group {
  row: ValueRow;
  /** The last line of each series, known by its names. */
  lines: Map<KnownSeries, string[]>;
  /** Places of channels, once a series has come twice. */
  places?: Map<number, number>;
}

const VALUE_BYTES = 16;

function addValue(group: Group, series: KnownSeries, line: string[], channel: number, number: number): void {
  const { row } = group;
  const former = group.lines.get(series);
  if (former !== line) {
    if (former) group.places ??= new Map(row.channels.map((one, i) => [one, i]));
    group.lines.set(series, line);
  }
  const place = group.places?.get(channel);
  if (place !== undefined) {
    row.vals[place] = number;
    return;
  }
  group.places?.set(channel, row.channels.length);
  row.channels.push(channel);
  row.vals.push(number);
  row.size += VALUE_BYTES;
}

function numberOf({ type, value }: DecodedField): number | undefined {
  if (type === 'float') return value as number;
  return type === 'integer' || type === 'unsigned' ? Number(value) : undefined;
}

const isExact = ({ type }: DecodedField, number: number) => type === 'float' || Number.isSafeInteger(number);

const arrayText = (numbers: number[]) => `{${numbers.join()}}`;

export const insertValues = (rows: ValueRow[]) => sql`
  insert into metric_recent (robot_id, time, channels, vals)
  select r, t, c::int[], v::float8[] from unnest(${rows.map((row) => row.robotId)}::int[], ${rows.map((row) => row.time)}::bigint[],
    ${rows.map((row) => arrayText(row.channels))}::text[], ${rows.map((row) => arrayText(row.vals))}::text[]) as g (r, t, c, v)`;

export const insertOthers = (rows: OtherRow[]) => sql`
  insert into metric_others (channel, time, value)
  select * from unnest(${rows.map((row) => row.channel)}::int[], ${rows.map((row) => row.time)}::bigint[], ${rows.map((row) => row.json)}::jsonb[])
  on conflict (channel, time) do update set value = excluded.value`;
