import { flux, fluxExpression } from '@influxdata/influxdb-client';
import { decodeCursor, MAX, pageOf, wholeKey } from '../../db/pagination.ts';
import { rfc3339 } from '../log-time.ts';
import { type LogEntry, type LogQuery, MAX_TEXT_BYTES } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { ownTags } from './flux.ts';
import { type LogIdentity, logDigest } from './log-identity.ts';
import type { Span } from './log-spans.ts';

const MS = 1_000_000n;
/** Logs are searched backwards: first the most recent hour, then ever larger spans. */
const FIRST_SPAN = 3_600_000n * MS;
const GROWTH = 6n;

interface Row extends Omit<LogEntry, 'time'> {
  time: bigint;
}

export const nanoseconds = (time: bigint) => fluxExpression(`time(v: ${time})`);

/** Newest first. */
export async function queryLogs(client: InfluxClient, query: LogQuery, signal: AbortSignal) {
  const { from, to, limit, cursor } = query;
  const start = BigInt(Math.round(from)) * MS;
  const end = BigInt(Math.round(to)) * MS;
  const last = readCursor(cursor) ?? end;
  let stop = last < end ? last : end;
  let span = FIRST_SPAN;
  const rows: Row[] = [];
  let bytes = 0;
  const isLast = ({ message }: Row) => {
    bytes += Buffer.byteLength(message);
    return bytes >= MAX_TEXT_BYTES;
  };
  while (stop > start && rows.length <= limit && bytes < MAX_TEXT_BYTES) {
    const begin = stop - span > start ? stop - span : start;
    rows.push(...(await entriesBetween(client, query, begin, stop, limit + 1 - rows.length, signal, isLast)));
    stop = begin;
    span *= GROWTH;
  }
  const more = rows.length > limit || bytes >= MAX_TEXT_BYTES;
  const { items, next_cursor } = pageOf(rows.slice(0, limit), more, (row) => String(row.time));
  return { items: items.map((row) => ({ ...row, time: rfc3339(row.time) })), next_cursor };
}

/** Case-insensitive: some loggers write ERROR, others error. */
export const isLevel = (level: string) => String(flux`strings.toLower(v: r.level) == ${level.toLowerCase()}`);

function entriesBetween(
  client: InfluxClient,
  query: LogQuery,
  start: bigint,
  stop: bigint,
  limit: number,
  signal: AbortSignal,
  isLast: (row: Row) => boolean,
) {
  const { robotId, level, program, q } = query;
  const conditions = [
    level?.length ? `(${level.map(isLevel).join(' or ')})` : '',
    program ? String(flux`r.program == ${program}`) : '',
    q ? String(flux`strings.containsStr(v: strings.toLower(v: r.message), substr: ${q.toLowerCase()})`) : '',
  ].filter(Boolean);
  return client.query(
    flux`import "strings"
      ${entriesOf(client, robotId, start, stop)}
      |> filter(fn: (r) => ${fluxExpression(conditions.join(' and ') || 'true')})
      |> group()
      |> sort(columns: ["_time"], desc: true)
      |> limit(n: ${limit})`,
    (cell): Row => ({
      time: parseNanoseconds(cell('_time')),
      level: cell('level') || null,
      program: cell('program') || null,
      message: cell('message'),
    }),
    signal,
    isLast,
  );
}

export const entriesOf = (client: InfluxClient, robotId: number, start: bigint, stop: bigint) =>
  flux`from(bucket: ${client.bucket})
      |> range(start: ${nanoseconds(start)}, stop: ${nanoseconds(stop)})
      |> filter(fn: (r) => r._measurement == "syslog" and r.robot_id == ${String(robotId)})
      |> filter(fn: (r) => r._field == "message" or r._field == "level" or r._field == "program")
      |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
      |> map(fn: (r) => ({r with
          message: if exists r.message then r.message else "",
          level: if exists r.level then r.level else "",
          program: if exists r.program then r.program else ""}))`;

/** Entries stored in a span, so that new ones can be kept apart from them. */
export function findLogs(
  client: InfluxClient,
  robotId: number,
  { from, to }: Span,
  signal: AbortSignal,
): Promise<LogIdentity[]> {
  return client.query(
    flux`${entriesOf(client, robotId, from, to)}`,
    (cell, _value, columns) => {
      const { message: _m, level: _l, program: _p, ...tags } = ownTags(columns, cell);
      return {
        time: parseNanoseconds(cell('_time')),
        digest: logDigest(cell('message'), cell('level'), cell('program'), tags),
      };
    },
    signal,
  );
}

/** Parses RFC 3339 with up to nine decimals. */
export function parseNanoseconds(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace('Z', '').split('.');
  return BigInt(Date.parse(`${whole}Z`)) * MS + BigInt(fraction.padEnd(9, '0') || 0);
}

function readCursor(cursor: string | undefined): bigint | undefined {
  const keys = decodeCursor(cursor);
  return keys && BigInt(wholeKey(keys[0], MAX.bigint));
}
