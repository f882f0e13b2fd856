import type { FieldType } from '../../figures/index.ts';

/** A value as another store keeps it. */
export interface CopiedPoint {
  measurement: string;
  /** Without the identity tags. */
  tags: Record<string, string>;
  field: string;
  /** Nanoseconds since 1970. */
  time: bigint;
  type: FieldType;
  /** Integers as digits, so that none loses any. */
  value: string | number | boolean;
}

export interface CopiedEntry {
  tags: Record<string, string>;
  /** Nanoseconds since 1970. */
  time: bigint;
  level: string;
  program: string;
  message: string;
}

/** Nanoseconds since 1970; `to` is exclusive. */
export interface Span {
  from: bigint;
  to: bigint;
}

/** A metrics store that points are copied from, an hour of a robot at a time. */
export interface CopySource {
  points(robotId: number, span: Span): Promise<CopiedPoint[]>;
  entries(robotId: number, span: Span): Promise<CopiedEntry[]>;
}
