import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type DecodedPoint, decodeHead, type KnownSeries } from '../../line-protocol/index.ts';
import { sorting } from '../../scheduling/slices.ts';

export interface LogPoint extends DecodedPoint {
  robotId: number;
  series: KnownSeries;
}

export interface LogRow {
  /** Bytes, about. */
  size: number;
  robotId: number;
  time: string;
  digest: string;
  level: string | null;
  program: string | null;
  message: string;
}

/**
 * The digest is part of the key: it keeps entries of the same instant apart and makes a retry idempotent. Sorted, so that
 * writers cannot deadlock.
 */
export function* identifyingLogs(points: LogPoint[]): Generator<void, LogRow[]> {
  const tagsOf = new Map<KnownSeries, Record<string, string>>();
  const rows: LogRow[] = [];
  for (const { robotId, series, fields, time } of points) {
    const tags = tagsOf.get(series) ?? decodeHead(series.head).tags;
    tagsOf.set(series, tags);
    const read = (field: string) => (fields.has(field) ? String(fields.get(field)?.value) : null);
    const [level, program, message] = [read('level'), read('program'), read('message') ?? ''];
    const digest = createHash('md5')
      .update(JSON.stringify([level, program, message, tags]))
      .digest('base64url');
    rows.push({ robotId, time, digest, level, program, message, size: message.length });
    yield;
  }
  return yield* sorting(
    rows,
    (a, b) => a.robotId - b.robotId || byTime(a.time, b.time) || (a.digest < b.digest ? -1 : 1),
  );
}

/** Times of equal length are compared as text, which is cheaper. */
export function byTime(a: string, b: string): number {
  if (a === b) return 0;
  const isLess = a.length === b.length && !a.startsWith('-') ? a < b : BigInt(a) < BigInt(b);
  return isLess ? -1 : 1;
}

export const insertLogs = (rows: LogRow[]) => sql`
  insert into log_entries (robot_id, time, digest, level, program, message)
  select * from unnest(${rows.map((r) => r.robotId)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => r.digest)}::text[],
    ${rows.map((r) => r.level)}::text[], ${rows.map((r) => r.program)}::text[], ${rows.map((r) => r.message)}::text[])
  on conflict do nothing`;
