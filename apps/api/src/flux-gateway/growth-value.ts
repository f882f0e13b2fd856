import type { Node } from './flux-ast.ts';
import { mistaken } from './refusal.ts';

/** What is known of a value before the query runs: above all, how large it can be. */
export interface Value {
  /** Bytes, roughly, of the value or of the largest row. */
  size: number;
  /** A number, a time, a duration or a truth value, which does not grow. */
  isNumber?: boolean;
  /** Of literals. */
  number?: number;
  bool?: boolean;
  seconds?: number;
  /** Milliseconds since 1970. */
  at?: number;
  /** Of a text. */
  length?: number;
  text?: string;
  /** Of a record whose members are known. */
  fields?: Map<string, Value>;
  /** Of a record made of another one: the members that it gives a value. */
  given?: Map<string, Value>;
  /** Of rows: seconds from `_start` to `_stop`. */
  span?: number;
  /** Of rows: columns whose values the query may have written, so that each row can have another. */
  made?: ReadonlySet<string>;
  /** Of a list of texts. */
  texts?: (string | undefined)[];
  /** Of what can be called. */
  closure?: { node: Node; names: Names };
  /** A function of Flux's, by package and name, or a package. */
  builtin?: string;
  isPackage?: true;
}

/** Names where a part of a query stands, and those around it. */
export class Names {
  #known = new Map<string, Value>();
  #outer: Names | undefined;
  constructor(outer?: Names) {
    this.#outer = outer;
  }
  set(name: string, value: Value): void {
    this.#known.set(name, value);
  }
  get(name: string): Value | undefined {
    return this.#known.get(name) ?? this.#outer?.get(name);
  }
}

const MAX_SIZE = 2 * 1024 * 1024;

/** @throws AppError validation_failed when it is too large */
export function sized(size: number): Value {
  if (!(size <= MAX_SIZE)) throw mistaken('The query makes a text, a list or a record that can become too large.');
  return { size };
}

/** Something made of all these. */
export const sum = (values: (Value | undefined)[]): Value =>
  sized(values.reduce((total, value) => total + (value?.size ?? 0), 0));

/** Seconds between two moments written in the query; unknown otherwise. */
export function spanBetween(start: Value | undefined, stop: Value | undefined): number | undefined {
  const [from, to] = [momentOf(start), momentOf(stop)];
  return from === undefined || to === undefined ? undefined : Math.abs(to - from) / 1000;
}

/** In milliseconds since 1970. Durations count from now, numbers are seconds. */
function momentOf({ at, seconds, number }: Value = { size: 0 }): number | undefined {
  if (seconds !== undefined) return Date.now() + seconds * 1000;
  return at ?? (number === undefined ? undefined : number * 1000);
}

export const NUMBER: Value = { size: 8, isNumber: true };
