import { createHash } from 'node:crypto';
import type { FieldType } from '../../figures/index.ts';
import type { RowBinary } from './row-binary.ts';
import { tagsText } from './series-tags.ts';

export const POINT_COLUMNS = ['robot_id', 'measurement', 'tags', 'field', 'time', 'kind', 'num', 'whole', 'str', 'ver'];
export const LOG_COLUMNS = ['robot_id', 'time', 'digest', 'level', 'program', 'message'];
/** As in the table's Enum8. */
const KINDS: Record<FieldType, number> = { float: 1, integer: 2, unsigned: 3, boolean: 4, string: 5 };

/** The columns that all values of a series have in common; `addValue` adds the others. */
export function addHead(rows: RowBinary, robotId: number, measurement: string, tags: Record<string, string>): void {
  rows.uint32(robotId);
  rows.string(measurement);
  rows.string(tagsText(tags));
}

interface StoredValue {
  field: string;
  /** Nanoseconds since 1970. */
  time: bigint;
  type: FieldType;
  value: string | number | boolean;
  /** Of two values of one series, field and time, the one with the greater version counts. */
  version: bigint;
}

export function addValue(rows: RowBinary, { field, time, type, value, version }: StoredValue): void {
  const isInteger = type === 'integer' || type === 'unsigned';
  rows.string(field);
  rows.int64(time);
  rows.uint8(KINDS[type]);
  rows.float64(type === 'string' ? 0 : Number(value));
  rows.int64(isInteger ? BigInt(value) : 0n);
  rows.string(type === 'string' ? (value as string) : '');
  rows.int64(version);
}

interface StoredEntry {
  tags: Record<string, string>;
  time: bigint;
  level: string;
  program: string;
  message: string;
}

/** An entry is known by its text, so that sending it again changes nothing, and those of one moment stay apart. */
export function addEntry(rows: RowBinary, robotId: number, { tags, time, level, program, message }: StoredEntry): void {
  rows.uint32(robotId);
  rows.int64(time);
  rows.raw(
    createHash('md5')
      .update(JSON.stringify([level, program, message, tagsText(tags)]))
      .digest(),
  );
  rows.string(level);
  rows.string(program);
  rows.string(message);
}
