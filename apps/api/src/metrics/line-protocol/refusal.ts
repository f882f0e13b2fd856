/** What kind of fault a line has: for counting, not for clients. */
export type RefusalKind = 'malformed' | 'time' | 'type' | 'limit' | 'store';

/** Why a line is not stored; `reason` is told to its robot. */
export interface Refusal {
  kind: RefusalKind;
  reason: string;
}

/** By the index of the line among those stamped. */
export type Refusals = ReadonlyMap<number, Refusal>;
