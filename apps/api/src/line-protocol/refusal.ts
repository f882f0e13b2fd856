/** Category of a refusal, for metrics; not shown to clients. */
export type RefusalKind = 'malformed' | 'time' | 'type' | 'limit' | 'store';

/** Why a line is not stored; `reason` is sent to the robot. */
export interface Refusal {
  kind: RefusalKind;
  reason: string;
}

/** By the line's index among the stamped lines. */
export type Refusals = ReadonlyMap<number, Refusal>;

/** Thrown for a line that cannot be stored. */
export class BadLine extends Error {
  readonly kind: RefusalKind;

  constructor(reason: string, kind: RefusalKind) {
    super(reason);
    this.kind = kind;
  }
}
export const bad = (reason: string, kind: RefusalKind = 'malformed') => new BadLine(reason, kind);
