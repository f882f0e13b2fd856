import { refuse } from './refusal.ts';

/**
 * The names that a query has declared where it is being read, its own and those around it. Flux looks a name up again
 * each time a function runs: a name that is assigned after a function has used the outer one of that name would replace
 * it there, unchecked, and a function that so calls itself ends InfluxDB.
 */
export class Scope {
  #names = new Set<string>();
  #standIns = new Set<string>();
  /** Used by functions within this scope, and found further out. */
  #passedBy = new Set<string>();
  #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** @throws AppError forbidden when the name already stands for something else here */
  declare(name: string): void {
    if (this.#names.has(name) || this.#passedBy.has(name))
      throw refuse(`The name ${JSON.stringify(name.slice(0, 100))} is assigned after it was used for something else.`);
    this.#names.add(name);
  }

  /** A package that the gateway replaces. */
  declareStandIn(name: string): void {
    this.#standIns.add(name);
  }

  /** Notes a use of a name. */
  use(name: string): void {
    if (this.#names.has(name)) return;
    for (let at = this.#outer; at && !at.#names.has(name); at = at.#outer) at.#passedBy.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name) || (this.#outer?.has(name) ?? false);
  }

  isStandIn(name: string): boolean {
    if (this.#names.has(name)) return false;
    return this.#standIns.has(name) || (this.#outer?.isStandIn(name) ?? false);
  }
}
