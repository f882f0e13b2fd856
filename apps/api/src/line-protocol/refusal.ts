/** What kind of fault a line has: for counting, not for clients. */
export type RefusalKind = 'malformed' | 'time' | 'type' | 'limit' | 'store';

/** Why a line is not stored; `reason` is told to its robot. */
export interface Refusal {
  kind: RefusalKind;
  reason: string;
}

/** By the index of the line among those stamped. */
export type Refusals = ReadonlyMap<number, Refusal>;

/** Why a line cannot be stored. */
export class BadLine extends Error {
  readonly kind: RefusalKind;

  constructor(reason: string, kind: RefusalKind) {
    super(reason);
    this.kind = kind;
  }
}
export const bad = (reason: string, kind: RefusalKind = 'malformed') => new BadLine(reason, kind);
