const TICK_MS = 100;
/** Weight of the latest turn in the moving average. */
const SMOOTHING = 0.3;
/** A pause of the machine is one long turn, and no reason to expect more of them. */
const MOST_MS = 1_000;

/**
 * Watches the turns of the event loop. What arrives during a turn lies unread until the next one, so in a process with too
 * much to do a request has waited for long before anything here sees it.
 */
export class LoopTurns {
  #last = performance.now();
  #former = this.#last;
  #meanMs = 0;
  #afterMs = TICK_MS;
  #timer = this.#next();

  #next(): NodeJS.Timeout {
    return setTimeout(() => this.#tick(), this.#afterMs).unref();
  }

  #tick(): void {
    this.#former = this.#last;
    this.#last = performance.now();
    const turnMs = Math.max(0, this.#last - this.#former - this.#afterMs);
    this.#meanMs += (Math.min(turnMs, MOST_MS) - this.#meanMs) * SMOOTHING;
    // After a long turn the next one is looked at by itself.
    this.#afterMs = turnMs > TICK_MS ? 1 : TICK_MS;
    this.#timer = this.#next();
  }

  /** The longest time that what is read now may have waited for it, milliseconds. */
  unreadMs(): number {
    return Math.max(0, performance.now() - this.#former - 2 * TICK_MS);
  }

  /** How long turns take at present, milliseconds. */
  get meanMs(): number {
    return this.#meanMs;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
