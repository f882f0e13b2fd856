/** Machines that answer alike. */
export class Replicas<Machine> {
  #machines: Machine[];
  #current = 0;

  constructor(machines: Machine[]) {
    this.#machines = machines;
  }

  /** Asks the one that answered last, and the others if it fails. @throws what the last one threw */
  async ask<Result>(signal: AbortSignal, ask: (machine: Machine) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const asked = this.#current;
      try {
        return await ask(this.#machines[asked] as Machine);
      } catch (error) {
        if (signal.aborted || tries >= this.#machines.length) throw error;
        // Unless somebody else has moved on already.
        if (this.#current === asked) this.#current = (asked + 1) % this.#machines.length;
      }
    }
  }
}
